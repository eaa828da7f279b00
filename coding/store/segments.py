"""Segments: found or made by their ends, read as text."""

from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Change, Study

from ..codebook import CodedSegment, Segment

if TYPE_CHECKING:
    from sqlite_utils import Database

_SEGMENT: Final = (
    "SELECT g.id, g.transcript_id, g.first_sentence_id, g.last_sentence_id, g.trim_start,"
    " g.trim_end FROM segments g"
)
_ELSEWHERE: Final = (
    "These sentences are not in this transcript (any more). Reload the page; nothing was saved."
)


def segment_ids(
    change: Change, transcript_id: int, first: int, last: int, trims: tuple[int, int] = (0, 0)
) -> list[int]:
    """Find the segments from one sentence to another, in either order, or make one.

    ``trims``: code points left out at its start and at its end. Corrections can bring several
    onto the same words; the oldest comes first.
    """
    first, last = ends(change.db, transcript_id, first, last, trims)
    found = change.db.execute(
        "SELECT id FROM segments WHERE first_sentence_id = ? AND last_sentence_id = ?"
        " AND trim_start = ? AND trim_end = ? ORDER BY id",
        [first, last, *trims],
    ).fetchall()
    if found:
        return [int(row[0]) for row in found]
    made = change.db.execute(
        "INSERT INTO segments (transcript_id, first_sentence_id, last_sentence_id, trim_start,"
        " trim_end) VALUES (?, ?, ?, ?, ?)",
        [transcript_id, first, last, *trims],
    ).lastrowid
    assert made is not None
    return [made]


def ends(
    db: "Database", transcript_id: int, first: int, last: int, trims: tuple[int, int] = (0, 0)
) -> tuple[int, int]:
    """Put two sentences in order; ``BadInput`` when they, or words between, are not there."""
    found = {
        int(sentence): (int(position), str(text))
        for sentence, position, text in db.execute(
            "SELECT s.id, s.position, s.text FROM sentences s JOIN transcripts t"
            " ON t.id = s.transcript_id"
            " WHERE s.id IN (?, ?) AND s.transcript_id = ? AND t.deleted_at IS NULL",
            [first, last, transcript_id],
        )
    }
    if first not in found or last not in found:
        raise BadInput(_ELSEWHERE)
    first, last = sorted((first, last), key=lambda one: found[one])
    texts = [found[first][1]] if first == last else [found[first][1], found[last][1]]
    short = trims[0] >= len(texts[0]) or trims[1] >= len(texts[-1])
    if any(trims) and (short or (first == last and sum(trims) >= len(texts[0]))):
        raise BadInput(_ELSEWHERE)
    return first, last


def segment(study: Study, segment_id: int) -> Segment:
    """One segment."""
    study.require("read")
    row = study.db.execute(
        _SEGMENT + " WHERE g.id = ? AND g.first_sentence_id IS NOT NULL", [segment_id]
    ).fetchone()
    if row is None:
        raise BadInput("This excerpt does not exist (any more). Reload the page.")
    return Segment(*row)


def segment_text(study: Study, segment_id: int) -> str:
    """What was said in a segment, its trims applied."""
    found = segment(study, segment_id)
    return trimmed(found, [text for text, _ in _said(study, found)])


def segments_of(study: Study, code_id: int) -> list[CodedSegment]:
    """All segments under a code, in the order of the transcripts, with their context.

    Several on the same words stand as one, with the coders of all.
    """
    study.require("read")
    rows = study.db.execute(
        "SELECT min(g.id), g.transcript_id, g.first_sentence_id, g.last_sentence_id,"
        " g.trim_start, g.trim_end, t.title, t.group_number, t.demo,"
        " group_concat(m.initials, char(31) ORDER BY c.id)"
        " FROM codings c JOIN segments g ON g.id = c.segment_id"
        " JOIN transcripts t ON t.id = g.transcript_id JOIN members m ON m.id = c.coder_id"
        " JOIN sentences s ON s.id = g.first_sentence_id"
        " WHERE c.code_id = ? AND c.deleted_at IS NULL AND t.deleted_at IS NULL"
        " GROUP BY g.first_sentence_id, g.last_sentence_id, g.trim_start, g.trim_end"
        " ORDER BY t.group_number, t.id, s.position, min(g.id)",
        [code_id],
    ).fetchall()
    return [
        _in_context(study, Segment(*row[:6]), title, group, coders.split(chr(31)), bool(demo))
        for *row, title, group, demo, coders in rows
    ]


def marked_quotes(study: Study, transcript_id: int) -> list[Segment]:
    """The segments of a transcript that are marked as quotes, for the coding margin."""
    study.require("read")
    rows = study.db.execute(
        _SEGMENT + " JOIN quotes q ON q.segment_id = g.id"
        " WHERE g.transcript_id = ? AND q.deleted_at IS NULL"
        " AND g.first_sentence_id IS NOT NULL ORDER BY g.id",
        [transcript_id],
    )
    return [Segment(*row) for row in rows]


def _in_context(
    study: Study, found: Segment, title: str, group: int, coders: list[str], demo: bool
) -> CodedSegment:
    said = _said(study, found)
    return CodedSegment(
        segment=found,
        transcript=title,
        group=group,
        speakers=tuple(dict.fromkeys(speaker for _, speaker in said)),
        text=trimmed(found, [text for text, _ in said]),
        before=_beside(study, found.first, -1),
        after=_beside(study, found.last, 1),
        coders=tuple(dict.fromkeys(coders)),
        demo=demo,
    )


def _said(study: Study, found: Segment) -> list[tuple[str, str]]:
    """Text and speaker's name of each sentence of a segment."""
    rows = study.db.execute(
        "SELECT s.text, coalesce(p.pseudonym, k.label, 'UNKNOWN') FROM sentences s"
        " JOIN turns u ON u.id = s.turn_id LEFT JOIN speakers k ON k.id = u.speaker_id"
        " LEFT JOIN participants p ON p.id = k.participant_id"
        " WHERE s.transcript_id = ? AND s.position BETWEEN"
        " (SELECT position FROM sentences WHERE id = ?) AND"
        " (SELECT position FROM sentences WHERE id = ?) ORDER BY s.position",
        [found.transcript_id, found.first, found.last],
    )
    return [(str(text), str(speaker)) for text, speaker in rows]


def _beside(study: Study, sentence_id: int, step: int) -> str:
    row = study.db.execute(
        "SELECT b.text FROM sentences s JOIN sentences b ON b.transcript_id = s.transcript_id"
        f" AND b.position {'>' if step > 0 else '<'} s.position WHERE s.id = ?"
        f" ORDER BY b.position {'ASC' if step > 0 else 'DESC'} LIMIT 1",
        [sentence_id],
    ).fetchone()
    return str(row[0]) if row else ""


def trimmed(found: Segment, texts: list[str]) -> str:
    """Give the text of a segment from those of its sentences."""
    # The end first: in a segment of one sentence both trims count from its own ends.
    if found.trim_end:
        texts[-1] = texts[-1][: -found.trim_end]
    texts[0] = texts[0][found.trim_start :]
    return " ".join(texts)
