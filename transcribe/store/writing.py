"""Writing transcripts: keeping a new one, correcting sentences, naming speakers."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from secure_storage import BadInput, Change, Repeated, StaleWrite, Study, record_import

from ..transcript import UNKNOWN, Sentence, Transcription, Turn
from .participants import check_group
from .recordings import SameFile
from .rows import SentenceRow, Source
from .transcripts import read_sentence

ROOM: Final = 1 << 32
"""Between the places of neighbours, so that others can be put between them."""
_LONGEST_SENTENCE: Final = 20_000
_LONGEST_NAME: Final = 80
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
    study: Study, result: Transcription, data: bytes, *, title: str, group: int,
    source: str = "transcript file",
) -> int:  # fmt: skip
    """Keep a transcript read from the file ``data``, unless that file is in the study.

    ``source`` says on the import ledger how it came.
    """
    study.require("transcribe")
    digest = hashlib.sha256(data).hexdigest()
    named = replace(result, provenance=(*result.provenance, (_FILE, digest)))
    with study.change("transcribe") as change:
        row = change.db.execute(
            "SELECT title FROM transcripts WHERE deleted_at IS NULL AND provenance LIKE ?",
            [f"%{digest}%"],
        ).fetchone()
        if row:
            raise SameFile(str(row[0]), "transcript")
        record_import(change, "transcript", len(data), digest, source=source, purpose="to analyse")
        return insert_transcription(change, named, title, group, None, "import")


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
    _insert_turns(change, transcript_id, result.turns)
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


def _insert_turns(change: Change, transcript_id: int, turns: Iterable[Turn]) -> None:
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


def edit_sentence(
    study: Study, sentence_id: int, text: str, version: int, client_id: str | None
) -> SentenceRow:
    """Correct a sentence that was read as ``version``; what was heard stays beside it.

    A repeated ``client_id`` changes nothing and gives the sentence as it stands. An old
    ``version`` raises StaleWrite: both texts are then the person's to compare.
    """
    study.require("transcribe")
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST_SENTENCE:
        raise BadInput(
            f"A sentence needs between 1 and {_LONGEST_SENTENCE} characters; nothing was changed."
        )
    try:
        with study.change("transcribe") as change:
            return _edit(change, sentence_id, text, version, client_id)
    except Repeated:
        return read_sentence(study.db, sentence_id)


def _edit(
    change: Change, sentence_id: int, text: str, version: int, client_id: str | None
) -> SentenceRow:
    before = read_sentence(change.db, sentence_id)
    transcript_id = change.db.execute(
        "SELECT transcript_id FROM sentences WHERE id = ?", [sentence_id]
    ).fetchone()[0]
    # Recorded before the version is judged: a retry after a lost answer is a repetition,
    # though by then its version is old.
    change.record(
        "sentence.edited",
        f"sentence:{sentence_id}",
        before={"text": before.text, "version": before.version},
        after={"text": text, "version": before.version + 1, "transcript": transcript_id},
        client_id=client_id,
    )
    if before.version != version:
        raise StaleWrite(
            "Somebody else has corrected this sentence meanwhile. Compare both versions and "
            "save again."
        )
    change.db.execute(
        "UPDATE sentences SET text = ?, version = version + 1 WHERE id = ?", [text, sentence_id]
    )
    change.db.execute(
        "UPDATE transcripts SET revision = revision + 1 WHERE id = ?", [transcript_id]
    )
    return read_sentence(change.db, sentence_id)


def rename_speaker(study: Study, speaker_id: int, label: str) -> None:
    """Give a speaker another label, unique in its transcript."""
    study.require("transcribe")
    label = " ".join(label.split())
    if not label or label == UNKNOWN or len(label) > _LONGEST_NAME:
        raise BadInput(
            f"A speaker needs a name of at most {_LONGEST_NAME} characters, other than {UNKNOWN}."
        )
    with study.change("transcribe") as change:
        transcript_id, old, participant_id = _speaker(change, speaker_id)
        taken = change.db.execute(
            "SELECT id FROM speakers WHERE transcript_id = ? AND label = ? AND id <> ?",
            [transcript_id, label, speaker_id],
        ).fetchone()
        if taken:
            raise BadInput("Another speaker of this transcript already has this name.")
        change.db.execute("UPDATE speakers SET label = ? WHERE id = ?", [label, speaker_id])
        _speaker_changed(
            change, transcript_id, speaker_id, "speaker.renamed", {"label": old}, {"label": label}
        )


def link_speaker(study: Study, speaker_id: int, participant_id: int | None) -> None:
    """Say which participant a speaker is; None takes the link back."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        transcript_id, _, old = _speaker(change, speaker_id)
        if (
            participant_id is not None
            and not change.db.execute(
                "SELECT 1 FROM participants p JOIN transcripts t ON t.group_number = p.group_number"
                " WHERE p.id = ? AND t.id = ?",
                [participant_id, transcript_id],
            ).fetchone()
        ):
            raise BadInput(
                "This participant is not in the transcript's group. Add the participant to the "
                "group first (page Recordings)."
            )
        if change.db.execute(
            "SELECT 1 FROM erasures WHERE participant_id = ? AND state IN ('erased', 'done')",
            [participant_id],
        ).fetchone():
            raise BadInput(
                "This participant withdrew and was erased, so nothing can be linked to them. If "
                "it is the same person, take their words out of this transcript."
            )
        change.db.execute(
            "UPDATE speakers SET participant_id = ? WHERE id = ?", [participant_id, speaker_id]
        )
        _speaker_changed(
            change, transcript_id, speaker_id, "speaker.linked",
            {"participant": old}, {"participant": participant_id},
        )  # fmt: skip


def _speaker(change: Change, speaker_id: int) -> tuple[int, str, int | None]:
    row = change.db.execute(
        "SELECT transcript_id, label, participant_id FROM speakers WHERE id = ?", [speaker_id]
    ).fetchone()
    if row is None:
        raise BadInput("This speaker does not exist (any more). Reload the transcript.")
    return row[0], row[1], row[2]


def _speaker_changed(
    change: Change,
    transcript_id: int,
    speaker_id: int,
    action: str,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    change.db.execute(
        "UPDATE transcripts SET revision = revision + 1 WHERE id = ?", [transcript_id]
    )
    change.record(
        action, f"speaker:{speaker_id}", before=before, after={**after, "transcript": transcript_id}
    )


def _inserted(change: Change, sql: str, values: list[object]) -> int:
    found = change.db.execute(sql, values).lastrowid
    assert found is not None
    return found
