"""The eraser of this stage: sentences, words, doubts, names, sound, jobs, files in the inbox."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_storage import (
    MARK,
    BadInput,
    Change,
    Eraser,
    FileWriter,
    FokusError,
    Found,
    Ground,
    Outdated,
    Prepared,
    Theirs,
    Told,
    Withdrawal,
    mentions,
    open_foreign,
    register_eraser,
    rewritten,
    shred,
)

from . import array, capsule, store
from .intake import MOST_BYTES, slices
from .silence import silenced
from .store import Sounding
from .store.told import verbatim_of
from .withdrawn import Span, Traces, traces
from .withdrawn_acts import told_words

if TYPE_CHECKING:
    from sqlite_utils import Database

PLACES: Final = frozenset({
    "sentences.text", "sentences.heard", "sentences.verbatim", "words.text", "doubts.text",
    "speakers.label",
    "participants.pseudonym", "participants.profession", "answers.answer",
    "table_one_rules.label", "table_one_rules.value", "recordings.title", "recordings.approval",
    "groups.title",
    "transcripts.title", "recording_parts.file_id", "jobs.key", "transcription_defaults.prompt",
    "questions.text",
    "part_media.peaks", "part_media.copy_id", "jobs/", "looks/", "inbox/", "files:recording",
    "files:playback",
})  # fmt: skip
Ranges = dict[int, tuple[Span, ...]]
"""Of each part of a recording, the seconds to silence, from its own start."""


def find(ground: Ground, participant_id: int, so_far: Theirs) -> Theirs:
    """Find what is theirs."""
    db = ground.db
    mine = traces(db, participant_id)
    parts = _parts(db, mine)
    ranges = _ranges(mine, parts)
    speakers = store.speakers_who_are(db, participant_id)
    texts = {text for one in mine.said for text in (one.text, one.heard)}
    texts |= {text for _, _, text in mine.doubts}
    told = told_words(
        db,
        {one.transcript_id for one in mine.said} | set(store.transcripts_with(db, participant_id)),
        mine.sentences,
        frozenset(number for number, _ in speakers),
    )
    texts |= told.texts | set(verbatim_of(db, mine.sentences))
    others = store.said_by_others(db, mine.sentences)
    objects = {f"sentence:{number}" for number in told.sentences}
    files = [part.file_id for part in parts if part.id in ranges]
    copies = store.copies_of(db, sorted(ranges))
    keys = {key for one in (*files, *copies) if (key := store.key_of(db, one))}
    jobs = store.jobs_with_keys(db, mine.spans)
    return Theirs(
        (
            *_found_words(db, mine, speakers, participant_id),
            *_found_sound(ground, mine, parts, ranges, len(jobs)),
            Found("Copies for browsers to play", len(copies), "Destroyed, and made anew."),
        ),
        # What somebody else said word for word is not theirs alone, and stays.
        frozenset(text for text in texts if text and text != MARK and text not in others),
        frozenset(objects | {f"speaker:{number}" for number, _ in speakers}),
        frozenset(keys | {key for _, _, key in jobs}),
        told.events,
    )  # fmt: skip


def _found_words(
    db: "Database", mine: Traces, speakers: list[tuple[int, str]], participant_id: int
) -> tuple[Found, ...]:
    edited = tuple(one.heard for one in mine.said if one.heard not in ("", one.text))
    name = store.pseudonym_of(db, participant_id)
    answers = tuple(store.answers_of(db, participant_id))
    named = tuple(text for _, _, text in store.titles(db) if mentions(name, text))
    prompt = tuple(text for text in (store.read_defaults(db).prompt,) if text)
    return (
        Found(
            "Sentences", len(mine.said), "Their words are erased; redacted, the rows stay.",
            tuple(f"{one.transcript}: {one.text}" for one in mine.said),
        ),
        Found("Turns", len({one.turn_id for one in mine.said}), "Removed with their sentences."),
        Found("Sentences as they were heard before a correction", len(edited), "Erased.", edited),
        Found("Heard words", store.count_words(db, mine.sentences), "Erased, with their times."),
        Found(
            "Doubtful or dropped text in their time", len(mine.doubts), "Erased.",
            tuple(text for _, _, text in mine.doubts),
        ),
        Found(
            "Speakers' labels", len(speakers), "Replaced by a number.",
            tuple(label for _, label in speakers),
        ),
        Found("Answers about themselves", len(answers), "Erased.", answers),
        Found("Titles with the pseudonym", len(named), "Replaced there, if you choose so.", named),
        Found(
            "Words the recogniser is to expect", len(prompt),
            "The pseudonym is replaced there, if you choose so. Their own name is not known here: "
            "look whether it stands there, and remove it on the page Recordings.",
            prompt,
        ),
    )  # fmt: skip


def _found_sound(
    ground: Ground, mine: Traces, parts: list[Sounding], ranges: Ranges, jobs: int
) -> tuple[Found, ...]:
    seconds = sum(end - start for spans in ranges.values() for start, end in spans)
    spans = sum(len(one) for one in ranges.values())
    lines = tuple(
        f"{part.title}: {_clock(start)} to {_clock(end)}"
        for part in parts for start, end in ranges.get(part.id, ())
    )  # fmt: skip
    return (
        Found(
            "Stretches of sound", spans,
            f"{seconds:.0f} s become silence in a new file; the old file's key is destroyed. "
            "Where somebody else speaks at the same time, that is silenced too "
            f"({mine.crowded} of their stretches). The picture of a video goes.",
            lines,
        ),
        Found("Recording files made anew", len(ranges), "The old file is overwritten."),
        Found("Transcription jobs with a copy of the sound", jobs, "The copy is destroyed."),
        Found(
            "Files in the inbox that are these recordings", len(_in_inbox(ground, parts, ranges)),
            "Overwritten and removed.",
        ),
    )  # fmt: skip


def prepare(ground: Ground, withdrawal: Withdrawal, told: Told) -> Prepared:
    """Make the silenced files, sealed but not yet the study's."""
    mine = traces(ground.db, withdrawal.participant_id)
    parts = _parts(ground.db, mine)
    ranges = _ranges(mine, parts)
    concerned = [part for part in parts if part.id in ranges]
    shred_these = _in_inbox(ground, parts, ranges)
    writers: dict[int, FileWriter] = {}

    def abort() -> None:
        for writer in writers.values():
            writer.abort()

    def switch(change: Change) -> None:
        now = traces(change.db, withdrawal.participant_id)
        parts_now = _parts(change.db, now)
        if _ranges(now, parts_now) != ranges or parts_now != parts:
            raise Outdated
        for part in concerned:
            store.switch_file(change, part.id, writers[part.id].finish(change))
            store.silence_media(change, ground.files, part.id, ranges[part.id])
            ground.files.destroy(part.file_id, change)
        for path in shred_these:
            change.when_done(lambda path=path: _shred(path))  # type: ignore[misc]

    try:
        for number, part in enumerate(concerned):
            writers[part.id] = ground.files.writer(store.KIND)
            _silence(ground, part, ranges[part.id], writers[part.id], _of(told, number, concerned))
    except BaseException:
        abort()
        raise
    return Prepared(switch, abort)


def _silence(
    ground: Ground, part: Sounding, spans: tuple[Span, ...], writer: FileWriter,
    told: Callable[[int], None],
) -> None:  # fmt: skip
    with ground.files.open(part.file_id) as sealed:
        for data in silenced(ground.home / "looks", slices(sealed), spans, told):
            writer.write(data)


def _of(told: Told, number: int, concerned: list[Sounding]) -> Callable[[int], None]:
    # How far within a file cannot be weighed against the others without decoding them all.
    return lambda samples: told(number, len(concerned))


def erase(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    """Erase it."""
    mine = traces(change.db, withdrawal.participant_id)
    remove = withdrawal.mode == "remove"
    store.forget_jobs(change, mine.spans)
    store.erase_sentences(change, sorted(mine.sentences), remove=remove)
    store.erase_doubts(change, [number for number, _, _ in mine.doubts], remove=remove)
    if remove:
        store.erase_empty_turns(change, sorted({one.turn_id for one in mine.said}))
    mine_speaking = store.speakers_who_are(change.db, withdrawal.participant_id)
    store.erase_spans(change, [number for number, _ in mine_speaking])
    store.rename_labels(change, withdrawal)
    store.erase_answers(change, withdrawal.participant_id)
    _again(change, ground, withdrawal)
    touched = {one.transcript_id for one in mine.said} | {one for _, one, _ in mine.doubts}
    store.revise(
        change, touched | set(store.transcripts_with(change.db, withdrawal.participant_id))
    )


def tidy(ground: Ground) -> None:
    """Remove the job folders whose key is forgotten."""
    known = store.capsules_with_keys(ground.db)
    folder = ground.home / "jobs"
    for path in folder.iterdir() if folder.is_dir() else ():
        # A name with a dot is a capsule in the making, of which no row can tell yet.
        if path.is_dir() and path.name not in known and not path.name.startswith("."):
            array.remove(path)


def _parts(db: "Database", mine: Traces) -> list[Sounding]:
    return store.sounding(db, mine.spans)


def _ranges(mine: Traces, parts: list[Sounding]) -> Ranges:
    """Their seconds on each part's own clock; a part without any is left as it is."""
    ranges: Ranges = {}
    for part in parts:
        inside = tuple(
            (max(0.0, start - part.offset), end - part.offset)
            for start, end in mine.spans.get(part.recording_id, ())
            if end > part.offset and start < part.offset + part.duration
        )
        if inside:
            ranges[part.id] = inside
    return ranges


def _in_inbox(ground: Ground, parts: list[Sounding], ranges: Ranges) -> list[Path]:
    """Files of the inbox that are, byte for byte, recordings of theirs."""
    folder = ground.home / "inbox"
    sums = {part.sha256 for part in parts if part.id in ranges}
    found = []
    for path in sorted(folder.iterdir()) if sums and folder.is_dir() else ():
        with suppress(BadInput, OSError):
            digest = hashlib.sha256()
            with open_foreign(path, max_bytes=MOST_BYTES) as opened:
                while data := opened.read(1 << 20):
                    digest.update(data)
            if digest.hexdigest() in sums:
                found.append(path)
    return found


def _shred(path: Path) -> None:
    with suppress(BadInput):
        shred(path)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _again(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    store.rename_in_titles(change, withdrawal)
    prompt = store.read_defaults(change.db).prompt
    if (put := rewritten(withdrawal, prompt)) != prompt:
        store.rewrite_prompt(change, put)
    store.rewrite_questions(change, withdrawal)
    expecting = [
        number for number, name, key in store.open_capsules(change.db)
        if _expects_it(ground.home / "jobs" / name, key, withdrawal)
    ]  # fmt: skip
    store.forget_keys(change, expecting)


def _expects_it(path: Path, key: bytes, withdrawal: Withdrawal) -> bool:
    """A transcription was started with words that are erased now."""
    try:
        prompt = capsule.read_options(path, key)[0].prompt
    except FokusError:
        return False  # nothing can be made of it any more
    return rewritten(withdrawal, prompt) != prompt


register_eraser(Eraser("transcribe", PLACES, find, erase, prepare, tidy, _again))
