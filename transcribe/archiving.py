"""What this stage has to do with closing a study: its transcripts, and what speaks against it."""

from collections.abc import Iterator, Sequence

from secure_storage import BadInput, Study, as_csv, before_closing, register_archiver

from . import store
from .export import fitting, gather_transcript
from .formats import render
from .job_view import WORKING

FORMS = ("docx", "json")


def archive(study: Study) -> Iterator[tuple[str, bytes]]:
    """Give every transcript as a Word file and as JSON, and the interview guide."""
    rows = store.list_transcripts(study)
    if guide := store.questions(study):
        yield "transcripts/interview guide.csv", as_csv(_asked(study, guide, rows))
    for number, row in enumerate(rows, 1):
        said = gather_transcript(study, row.id)
        for form in FORMS:
            title = f"Transcript {number} (group {row.group})"
            yield f"transcripts/{number:03}.{form}", render(fitting(said, form, True), form, title)


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


def _refuse_while_at_work(study: Study) -> None:
    if any(job.state in WORKING for job in store.jobs(study)):
        raise BadInput(
            "Recordings of this study are being transcribed, or wait for it. Wait until that is "
            "done, or cancel it on the page Recordings. Nothing was destroyed."
        )


before_closing.append(_refuse_while_at_work)
register_archiver("transcribe", archive)
