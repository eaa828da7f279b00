"""Writing transcripts: keeping a new one."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from secure_storage import BadInput, Change, Study, record_import

from ..importing import Preview
from ..transcript import UNKNOWN, Sentence, Transcription, Turn
from .participants import check_group
from .placing import ROOM
from .recordings import SameFile
from .rows import Source
from .spans import insert_spans

_FILE: Final = "sha256 of the imported file"


def save_transcription(
    study: Study, result: Transcription, *, title: str, group: int, recording_id: int | None
) -> int:
    """Keep a transcription as a new transcript and return its id."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        source: Source = "import" if recording_id is None else "whisper"
        return insert_transcription(change, result, title, group, recording_id, source)


def save_import(
    study: Study, read: Preview, data: bytes, *, title: str, group: int,
    source: str = "transcript file",
) -> int:  # fmt: skip
    """Keep what was read from the file ``data``, unless that file is in the study.

    ``source`` says on the import ledger how it came.
    """
    study.require("transcribe")
    digest = hashlib.sha256(data).hexdigest()
    result = read.transcription
    named = replace(result, provenance=(*result.provenance, (_FILE, digest)))
    kind: Source = "document" if read.kind == "document" else "import"
    with study.change("transcribe") as change:
        row = change.db.execute(
            "SELECT title FROM transcripts WHERE deleted_at IS NULL AND provenance LIKE ?",
            [f"%{digest}%"],
        ).fetchone()
        if row:
            raise SameFile(str(row[0]), read.kind)
        record_import(change, read.kind, len(data), digest, source=source, purpose="to analyse")
        return insert_transcription(change, named, title, group, None, kind)


def insert_transcription(
    change: Change,
    result: Transcription,
    title: str,
    group: int,
    recording_id: int | None,
    source: Source,
) -> int:
    """Write a transcript within ``change``, so that what belongs with it commits with it."""
    check_group(group)
    title = " ".join(title.split())
    if not title:
        raise BadInput("A transcript needs a title.")
    transcript_id = _inserted(
        change,
        "INSERT INTO transcripts (recording_id, title, group_number, language, source, demo,"
        " provenance, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [recording_id, title, group, result.language, source, int(result.demo),
         json.dumps(result.provenance, ensure_ascii=False), change.now],
    )  # fmt: skip
    speakers = _insert_turns(change, transcript_id, result.turns)
    insert_spans(change, transcript_id, result, speakers)
    change.db.conn.executemany(
        "INSERT INTO doubts (transcript_id, start, end, text, reason) VALUES (?, ?, ?, ?, ?)",
        [(transcript_id, doubt.start, doubt.end, doubt.text, doubt.reason)
         for doubt in result.doubts],
    )  # fmt: skip
    change.record(
        "transcript.added",
        f"transcript:{transcript_id}",
        after={
            "title": title, "group": group, "language": result.language, "source": source,
            "demo": result.demo, "recording": recording_id,
            "sentences": sum(len(turn.sentences) for turn in result.turns),
        },
    )  # fmt: skip
    return transcript_id


def _insert_turns(
    change: Change, transcript_id: int, turns: Iterable[Turn]
) -> dict[str, int | None]:
    """Write turns with their speakers; gives the speakers' ids by label."""
    known: dict[str, int | None] = {UNKNOWN: None}
    position = ROOM
    for place, turn in enumerate(turns, 1):
        if turn.speaker not in known:
            known[turn.speaker] = _inserted(
                change,
                "INSERT INTO speakers (transcript_id, label) VALUES (?, ?)",
                [transcript_id, turn.speaker],
            )
        turn_id = _inserted(
            change,
            "INSERT INTO turns (transcript_id, position, speaker_id) VALUES (?, ?, ?)",
            [transcript_id, place * ROOM, known[turn.speaker]],
        )
        for sentence in turn.sentences:
            _insert_sentence(change, transcript_id, turn_id, position, sentence)
            position += ROOM
    return known


def _insert_sentence(
    change: Change, transcript_id: int, turn_id: int, position: int, sentence: Sentence
) -> None:
    sentence_id = _inserted(
        change,
        "INSERT INTO sentences (transcript_id, turn_id, position, text, heard, start, end)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [transcript_id, turn_id, position, sentence.text, sentence.text, sentence.start,
         sentence.end],
    )  # fmt: skip
    change.db.conn.executemany(
        "INSERT INTO words (sentence_id, position, text, start, end, confidence, margin, overlap)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(sentence_id, place, word.text, word.start, word.end, word.confidence, word.margin,
          int(word.overlap)) for place, word in enumerate(sentence.words)],
    )  # fmt: skip


def _inserted(change: Change, sql: str, values: list[object]) -> int:
    found = change.db.execute(sql, values).lastrowid
    assert found is not None
    return found
