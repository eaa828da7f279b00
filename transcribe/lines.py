"""Lines of a transcript as they travel to a page: whole, or those that an act touched."""

from collections.abc import Collection, Mapping, Sequence

from secure_storage import Study

from . import store
from .editing.doubting import weak_words
from .pauses import Pause, find_pauses
from .store import SpeakerRow
from .store.lines import LineRow, lines, lines_around


def all_lines(study: Study, transcript_id: int) -> list[dict[str, object]]:
    """Give all lines of a transcript, in order."""
    return _told(lines(study, transcript_id), _asked(study, transcript_id))


def some_lines(study: Study, transcript_id: int, ids: Collection[int]) -> dict[str, object]:
    """Give the lines with these ids (``put``), and say which there are no more (``gone``)."""
    asked = set(ids)
    found = _told(lines_around(study, transcript_id, asked), _asked(study, transcript_id))
    put = [line for line in found if line["id"] in asked]
    return {"put": put, "gone": sorted(asked - {line["id"] for line in put})}


def all_speakers(study: Study, transcript_id: int) -> list[dict[str, object]]:
    """Give the speakers of a transcript."""
    return [_speaker(one) for one in store.speakers(study, transcript_id)]


def _asked(study: Study, transcript_id: int) -> dict[int, int]:
    """Give the questions of the guide that are asked, by sentence."""
    marks = store.question_marks(study, transcript_id)
    return {mark.sentence_id: mark.question_id for mark in marks}


def _told(found: Sequence[LineRow], asked: Mapping[int, int]) -> list[dict[str, object]]:
    pauses = find_pauses([one.said for one in found])
    return [
        {**_line(one, before), "question": asked.get(one.row.id)}
        for one, before in zip(found, pauses, strict=True)
    ]


def _speaker(row: SpeakerRow) -> dict[str, object]:
    return {"id": row.id, "name": row.name, "profession": row.profession, "role": row.role}


def _line(one: LineRow, pauses: Sequence[Pause]) -> dict[str, object]:
    row = one.row
    return {
        "id": row.id,
        "position": row.position,
        "turn": row.turn_id,
        "speaker": row.speaker_id,
        "start": row.start,
        "end": row.end,
        "text": row.text,
        "verbatim": one.verbatim,
        "version": row.version,
        "weak": weak_words(one.said.words, row.text),
        "pauses": [{"offset": pause.offset, "mark": pause.mark} for pause in pauses],
    }
