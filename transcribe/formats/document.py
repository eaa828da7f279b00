"""A transcript as a Word file for reading: turns with times, speakers and pauses."""

from collections.abc import Iterator, Sequence

from ..pauses import Marked, marked_turns
from ..transcript import Transcription
from ..word import Run, WordDocument
from .clock import reading_time


def write_docx(transcription: Transcription, title: str) -> bytes:
    """Write the transcript and, at its end, how it was made."""
    document = WordDocument(title, language=transcription.language)
    if transcription.demo:
        notice = "Made by the demo model: it knows only its sample's words and voices."
        document.paragraph([Run(notice, italic=True)])
    for turn, sentences in marked_turns(transcription):
        start = next((s.start for s in turn.sentences if s.start is not None), None)
        runs = [Run(f"{turn.speaker}  ", bold=True)] if turn.speaker else []
        if start is not None:
            runs.append(Run(f"{reading_time(start)}  ", faint=True))
        runs += _said(sentences)
        document.paragraph(runs)
    if transcription.provenance:
        document.heading("How this transcript was made", 2)
        for what, how in transcription.provenance:
            document.paragraph([Run(f"{what}: ", bold=True), Run(how)])
    return document.to_bytes()


def _said(sentences: Sequence[Marked]) -> Iterator[Run]:
    """Give the words of a turn, its pauses faintly between them."""
    text = ""
    for pause, piece in (one for sentence in sentences for one in sentence):
        if pause is not None:
            yield from (Run(text),) if text else ()
            yield Run(f"{pause.mark} ", faint=True)
            text = ""
        text += f"{piece} "
    yield Run(text.rstrip())
