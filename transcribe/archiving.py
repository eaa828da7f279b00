"""What this stage has to do with closing a study: its transcripts, and what speaks against it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from secure_storage import BadInput, Study, as_csv, before_closing, register_archiver

from . import store
from .formats import render
from .job_view import WORKING
from .transcript import Sentence, Transcription, Turn

FORMS = ("docx", "json")


def archive(study: Study) -> Iterator[tuple[str, bytes]]:
    """Give every transcript as a Word file and as JSON, and the interview guide."""
    rows = store.list_transcripts(study)
    if guide := store.questions(study):
        yield "transcripts/interview guide.csv", as_csv(_asked(study, guide, rows))
    for number, row in enumerate(rows, 1):
        said = as_corrected(study, row)
        for form in FORMS:
            title = f"Transcript {number} (group {row.group})"
            yield f"transcripts/{number:03}.{form}", render(said, form, title)


def _asked(
    study: Study, guide: Sequence[store.Question], rows: Sequence[store.TranscriptRow]
) -> Iterator[list[object]]:
    """Give each question with the places at which it is asked: transcript, and its sentence."""
    yield ["question", "text", "transcript", "sentence", "seconds"]
    found: dict[int, list[list[object]]] = {}
    for number, row in enumerate(rows, 1):
        said = {one.id: (place, one) for place, one in enumerate(store.sentences(study, row.id), 1)}
        for mark in store.question_marks(study, row.id):
            place, one = said[mark.sentence_id]
            found.setdefault(mark.question_id, []).append([number, place, one.start])
    for number, question in enumerate(guide, 1):
        for asked in found.get(question.id, [["", "", ""]]):
            yield [number, question.text, *asked]


def as_corrected(study: Study, row: store.TranscriptRow) -> Transcription:
    """Read a transcript as it was corrected, its speakers named by pseudonym alone."""
    names: dict[int | None, str] = {None: "UNKNOWN"}
    for place, one in enumerate(store.speakers(study, row.id), 1):
        # An unlinked label is what somebody typed, often a name.
        names[one.id] = one.name if one.participant_id is not None else f"Speaker {place}"
    turns = groupby(store.sentences(study, row.id), key=lambda one: (one.turn_id, one.speaker_id))
    return Transcription(
        language=row.language,
        turns=tuple(
            Turn(names[speaker], tuple(Sentence(one.text, one.start, one.end) for one in said))
            for (_, speaker), said in turns
        ),
        demo=row.demo,
    )


def _refuse_while_at_work(study: Study) -> None:
    if any(job.state in WORKING for job in store.jobs(study)):
        raise BadInput(
            "Recordings of this study are being transcribed, or wait for it. Wait until that is "
            "done, or cancel it on the page Recordings. Nothing was destroyed."
        )


before_closing.append(_refuse_while_at_work)
register_archiver("transcribe", archive)
