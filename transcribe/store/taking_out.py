"""Pseudonymising, the act: what was chosen is taken out of a transcript, for good.

It goes from the sentences, from what was heard and said in their place, from doubts, and
from the journal, which held it as it was before corrections. So this cannot be taken back:
what stood there is sealed to the linking store, whose custodians alone can tell it.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from secure_storage import BadInput, Original, Study, can_seal, empty_where_said, seal_original

from ..pseudonymise import Replaced, replaced, said_there, word_spans
from .acting import Act, acting_for_good


@dataclass(frozen=True, slots=True)
class Residual:
    """What is left to do, and what was done, on one transcript."""

    sentences: int
    open: int
    kept: int
    chosen: int
    replaced: int
    silent: int
    """Of the replaced places, those whose time in the recording is known."""
    read: int
    """Sentences that a second person read."""
    missed: int
    """Of these, sentences in which something was missed."""
    sealed: bool
    """A linking store keeps what is replaced; without one it is lost for good."""
    others: int
    """Other transcripts of the same recording."""


@dataclass(frozen=True, slots=True)
class _Place:
    sentence_id: int
    verbatim: int
    start: int
    end: int
    replacement_id: int
    label: str
    member_id: int
    """Who decided on it."""


def replace_identifiers(study: Study, transcript_id: int, client_id: str | None = None) -> int:
    """Replace every place that was chosen; gives how many. ``BadInput`` when there is none."""
    study.require("transcribe")
    with acting_for_good(
        study, transcript_id, "transcript.pseudonymised", client_id, said="replaced identifiers"
    ) as act:
        places = _chosen(act)
        if not places:
            raise BadInput("Nothing is chosen to be replaced. Decide on the places first.")
        taken: dict[str, str] = {}
        groups = _by_sentence(places)
        for sentence_id, group in groups.items():
            taken |= _rewrite(act, sentence_id, group)
        _take_out_elsewhere(act, taken)
        _forget_jobs(act)
        # Earlier forms of these sentences may hold the name as it was heard first.
        empty_where_said(act.change, taken, _about(act), _telling(groups))
    return len(places)


def silent_spans(study: Study, transcript_id: int) -> list[tuple[float, float]]:
    """When in the recording the replaced words are heard, in seconds."""
    study.require("read")
    rows = study.db.execute(
        "SELECT start, end FROM replaced_places WHERE transcript_id = ? AND start IS NOT NULL"
        " ORDER BY start",
        [transcript_id],
    )
    return [(float(start), float(end)) for start, end in rows.fetchall()]


def residual(study: Study, transcript_id: int) -> Residual:
    """Count what is open, kept, chosen and replaced, and what a second person read."""
    study.require("read")
    db = study.db

    def count(sql: str) -> int:
        return int(db.execute(sql, [transcript_id]).fetchone()[0])

    states = dict(
        db.execute(
            "SELECT i.state, count(*) FROM identifiers i JOIN sentences s ON s.id = i.sentence_id"
            " AND s.version = i.version WHERE s.transcript_id = ? GROUP BY i.state",
            [transcript_id],
        ).fetchall()
    )
    done = "SELECT count(*) FROM replaced_places WHERE transcript_id = ?"
    sample = (
        "FROM pseudonym_samples p JOIN sentences s ON s.id = p.sentence_id"
        " WHERE s.transcript_id = ?"
    )
    return Residual(
        count("SELECT count(*) FROM sentences WHERE transcript_id = ?"),
        states.get("open", 0), states.get("kept", 0), states.get("chosen", 0),
        count(done), count(f"{done} AND start IS NOT NULL"),
        count(f"SELECT count(DISTINCT p.sentence_id) {sample}"),
        count(f"SELECT count(DISTINCT p.sentence_id) {sample} AND p.missed = 1"),
        can_seal(db),
        count("SELECT count(*) FROM transcripts t JOIN transcripts o ON o.recording_id ="
              " t.recording_id AND o.id <> t.id AND o.deleted_at IS NULL WHERE t.id = ?"),
    )  # fmt: skip


def sentences_to_sample(study: Study, transcript_id: int, count: int) -> list[tuple[int, str]]:
    """Draw sentences that the member has not read and decided nothing on: id and text.

    Where what was said is kept beside the text, that stands behind it.

    Who draws them puts the reading on record.
    """
    study.require("transcribe")
    rows = study.db.execute(
        "SELECT s.id, s.text || coalesce(' / ' || s.verbatim, '') FROM sentences s"
        " WHERE s.transcript_id = ? AND NOT EXISTS (SELECT 1"
        " FROM pseudonym_samples p WHERE p.sentence_id = s.id AND p.member_id = ?) AND NOT EXISTS"
        " (SELECT 1 FROM identifiers i WHERE i.sentence_id = s.id AND i.decided_by = ?)"
        " AND NOT EXISTS (SELECT 1 FROM replaced_places r WHERE r.sentence_id = s.id"
        " AND r.member_id = ?)"
        # A fixed draw, that no two looks at the page change.
        " ORDER BY (s.id * 2654435761) % 4294967296 LIMIT ?",
        [transcript_id, *[study.member.id] * 3, count],
    )
    return [(int(row[0]), str(row[1])) for row in rows.fetchall()]


def note_sample(study: Study, sentences: Sequence[int], *, missed: bool) -> None:
    """Note that the member read sentences for what was missed, and whether something was."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        change.db.conn.executemany(
            "INSERT OR REPLACE INTO pseudonym_samples (sentence_id, member_id, at, missed)"
            " VALUES (?, ?, ?, ?)",
            [(one, change.member.id, change.now, int(missed)) for one in sentences],
        )
        change.record(
            "pseudonyms.sampled", "study", after={"sentences": len(sentences), "missed": missed}
        )


def _chosen(act: Act) -> list[_Place]:
    rows = act.db.execute(
        "SELECT i.sentence_id, i.verbatim, i.start, i.end, i.replacement_id, r.label,"
        " i.decided_by FROM identifiers i"
        " JOIN sentences s ON s.id = i.sentence_id AND s.version = i.version"
        " JOIN replacements r ON r.id = i.replacement_id"
        " WHERE s.transcript_id = ? AND i.state = 'chosen' ORDER BY s.position, i.start",
        [act.transcript_id],
    )
    return [_Place(*row) for row in rows.fetchall()]


def _by_sentence(places: Iterable[_Place]) -> dict[int, list[_Place]]:
    groups: dict[int, list[_Place]] = {}
    for one in places:
        groups.setdefault(one.sentence_id, []).append(one)
    return groups


def _rewrite(act: Act, sentence_id: int, places: list[_Place]) -> dict[str, str]:
    """Rewrite one sentence; gives what was taken out of it, and what stands there."""
    text, verbatim = act.db.execute(
        "SELECT text, verbatim FROM sentences WHERE id = ?", [sentence_id]
    ).fetchone()
    texts = (str(text), str(verbatim or ""))
    taken = {texts[one.verbatim][one.start : one.end]: one.label for one in places}
    put = replaced(text, _to_put(places, 0))
    said = None if verbatim is None else replaced(verbatim, _also(verbatim, places, taken))
    act.keep("sentences", sentence_id)
    act.db.execute(
        "UPDATE sentences SET text = ?, heard = ?, verbatim = ?, version = version + 1"
        " WHERE id = ?",
        # What was heard is not kept: it may hold the name in another way.
        [put, put, said, sentence_id],
    )
    act.recast([(sentence_id, text)], [(sentence_id, put)])
    times = _take_out_words(act, sentence_id, texts, places)
    for one in places:
        start, end = times.get(one, (None, None))
        act.db.execute(
            "INSERT INTO replaced_places (transcript_id, replacement_id, member_id, sentence_id,"
            " at, start, end) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                act.transcript_id,
                one.replacement_id,
                one.member_id,
                sentence_id,
                act.change.now,
                start,
                end,
            ],
        )
        words = texts[one.verbatim][one.start : one.end]
        seal_original(act.change, Original(one.label, words, act.transcript_id, act.change.now))
    # What was kept stands elsewhere in the new text: it is to be looked at again.
    act.db.execute("DELETE FROM identifiers WHERE sentence_id = ?", [sentence_id])
    return taken


def _to_put(places: Iterable[_Place], verbatim: int) -> list[Replaced]:
    return [Replaced(one.start, one.end, one.label) for one in places if one.verbatim == verbatim]


def _also(verbatim: str, places: Iterable[_Place], taken: dict[str, str]) -> list[Replaced]:
    """What was chosen in the verbatim text, and where it says what is taken out of the other."""
    chosen = _to_put(places, 1)
    form, labels = _form(taken), _small(taken)
    return chosen + [
        Replaced(*found.span(), labels[found.group().lower()])
        for found in form.finditer(verbatim)
        if all(found.end() <= one.start or one.end <= found.start() for one in chosen)
    ]


def _take_out_words(
    act: Act, sentence_id: int, texts: Sequence[str], places: list[_Place]
) -> dict[_Place, tuple[float, float]]:
    """Take the heard words of places out of a sentence; gives when they were heard.

    Where a corrected text and its words do not fit, all words of the sentence go.
    """
    rows = act.db.execute(
        "SELECT position, text, start, end FROM words WHERE sentence_id = ? ORDER BY position",
        [sentence_id],
    ).fetchall()
    spans = [word_spans(text, [str(row[1]) for row in rows]) for text in texts]
    act.keep("words", sentence_id)
    times: dict[_Place, tuple[float, float]] = {}
    labels: dict[int, str] = {}
    gone: set[int] = set()
    for one in places:
        written = len(texts[one.verbatim][one.start : one.end].split())
        inside = said_there(spans[one.verbatim], one.start, one.end, written + 1)
        if not inside:
            gone |= set(range(len(rows)))
            continue
        heard = [rows[number] for number in inside]
        times[one] = (heard[0][2], max(row[3] for row in heard))
        labels.setdefault(inside[0], one.label)
        gone |= set(inside)
    whole = len(times) == len(places)
    for number in gone:
        position, label = rows[number][0], labels.get(number)
        if whole and label is not None:
            end = max(last for first, last in times.values() if first == rows[number][2])
            act.db.execute(
                "UPDATE words SET text = ?, end = ? WHERE sentence_id = ? AND position = ?",
                [label, end, sentence_id, position],
            )
        else:
            act.db.execute(
                "DELETE FROM words WHERE sentence_id = ? AND position = ?", [sentence_id, position]
            )
    return times


def _take_out_elsewhere(act: Act, taken: dict[str, str]) -> None:
    """Take the same words out of doubts and of what repairs of codings quote."""
    for table, sql in (
        ("doubts", "SELECT id, text FROM doubts WHERE transcript_id = ?"),
        ("repairs", "SELECT r.id, r.text FROM repairs r JOIN segments g ON g.id = r.segment_id"
         " WHERE g.transcript_id = ?"),
    ):  # fmt: skip
        for number, text in act.db.execute(sql, [act.transcript_id]).fetchall():
            put = _without(str(text), taken)
            if put != text:
                act.db.execute(f"UPDATE {table} SET text = ? WHERE id = ?", [put, number])


def _forget_jobs(act: Act) -> None:
    """Forget the keys of finished jobs of the recording: their results hold the words."""
    act.db.execute(
        "UPDATE jobs SET key = NULL WHERE state NOT IN ('queued', 'running') AND recording_id ="
        " (SELECT recording_id FROM transcripts WHERE id = ?)",
        [act.transcript_id],
    )


def _about(act: Act) -> Callable[[str, str], bool]:
    """Tell of an event whether it may hold words of the transcript."""
    rows = act.db.execute("SELECT id FROM sentences WHERE transcript_id = ?", [act.transcript_id])
    own = {f"sentence:{row[0]}" for row in rows.fetchall()} | {f"transcript:{act.transcript_id}"}
    named = re.compile(rf'"transcript":{act.transcript_id}\b')
    return lambda object, payload: object in own or named.search(payload) is not None


def _telling(sentences: Iterable[int]) -> Callable[[str, str], bool]:
    """Tell of an event whether it holds texts of some sentences, or their words."""
    numbers = {str(one) for one in sentences}

    def tells(object: str, payload: str) -> bool:
        if object.removeprefix("sentence:") in numbers and '"text"' in payload:
            return True
        told = [json.loads(line).get("rows", {}) for line in payload.split("\n") if line]
        return any(
            not numbers.isdisjoint(rows.get(table, ()))
            for rows in told
            for table in ("sentences", "words")
        )

    return tells


def _without(text: str, taken: dict[str, str]) -> str:
    labels = _small(taken)
    return _form(taken).sub(lambda found: labels[found.group().lower()], text)


def _small(taken: dict[str, str]) -> dict[str, str]:
    return {words.lower(): label for words, label in taken.items()}


def _form(taken: dict[str, str]) -> re.Pattern[str]:
    longest_first = sorted(map(re.escape, _small(taken)), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)
