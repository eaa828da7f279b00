"""A study of the version before, opened by this one: every row of it is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coding import codings
from coding.store.repairs import repairs
from secure_storage import FLOOR, Study, create_study, unlock
from secure_storage import database as door
from secure_storage.schema import M001, M002, M003
from transcribe import edit_sentence, sentences
from transcribe.store import undo
from transcribe.store.revisions import as_of, revisions
from transcribe.store.rewriting import SAME, insert_sentence

PASSPHRASE = "correct horse battery"
OLDER = """
INSERT INTO participants (id, group_number, pseudonym, profession, moderator)
VALUES (3, 1, 'Olivia', 'Nurse', 0), (4, 1, 'Mona', '', 1);
INSERT INTO recordings VALUES (2, 'First', 1, '2026-01-01', 1, NULL);
INSERT INTO transcripts (id, recording_id, title, group_number, language, source, demo, provenance,
                         revision, created_at)
VALUES (5, 2, 'Heard', 1, 'en', 'whisper', 1, '["a"]', 7, '2026-01-02'),
       (6, NULL, 'Read', 2, 'no', 'import', 0, '[]', 1, '2026-01-03');
INSERT INTO jobs (id, recording_id, capsule, options, state, created_at, created_by, transcript_id)
VALUES (1, 2, 'c', '{}', 'done', '2026-01-01', 1, 5);
INSERT INTO transcription_defaults VALUES (1, 'Nav', 1, 'no en', 4);
INSERT INTO speakers VALUES (8, 5, 'S1', 3), (9, 5, 'S2', 4);
INSERT INTO turns VALUES (20, 5, 0, 8), (21, 5, 1, 9), (22, 5, 2, NULL), (23, 6, 0, NULL);
INSERT INTO sentences VALUES
    (30, 5, 20, 0, 'One is said.', 'one', 0.0, 1.0, 3), (31, 5, 20, 1, 'Two.', 'Two.', 1.0, 2.0, 1),
    (33, 5, 21, 2, 'Three.', 'Three.', NULL, NULL, 1), (32, 5, 22, 3, 'Four.', '', 3.0, 4.0, 1),
    (40, 6, 23, 0, 'Elsewhere.', 'Elsewhere.', NULL, NULL, 1);
INSERT INTO words VALUES (31, 0, 'Two.', 1.0, 1.5, 0.5, 0.25, 1);
INSERT INTO doubts VALUES (1, 5, 2.0, 2.5, 'eh', 'doubted');
INSERT INTO segments VALUES
    (50, 5, 30, 31, 0, 0), (51, 5, 30, 30, 4, 0), (52, 5, 33, 32, 0, 0), (53, 6, 40, 40, 0, 1);
INSERT INTO codes (id, name, color, created_by, created_at)
VALUES (60, 'Lifting', '#123456', 1, '2026-01-04');
INSERT INTO codings VALUES (70, 50, 60, 1, '2026-01-05', NULL), (71, 51, 60, 1, '2026-01-05', NULL),
    (72, 52, 60, 1, '2026-01-05', '2026-01-06'), (73, 53, 60, 1, '2026-01-05', NULL);
INSERT INTO quotes VALUES (80, 50, 'used', 1, '2026-01-07', NULL);
INSERT INTO themes (id, name, position, created_by, created_at)
VALUES (90, 'T', 0, 1, '2026-01-08');
INSERT INTO quote_themes VALUES (80, 90);
"""
ANEW = {"sentences": {"position"}, "turns": {"position"}, "participants": {"moderator"}}
"""Columns that do not stay what they were."""

Kept = dict[str, list[dict[str, Any]]]


def rows(study: Study) -> Kept:
    found: Kept = {}
    for table in study.db.table_names():
        cursor = study.db.execute(f"SELECT * FROM {table} ORDER BY 1")
        names = [column[0] for column in cursor.description]
        found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Make the older study; gives its rows."""
    with monkeypatch.context() as older:
        older.setattr(door, "MIGRATIONS", (M001, M002, M003))
        create_study(tmp_path / "home", "Older", "Ada", PASSPHRASE, cost=FLOOR)
        made = unlock(tmp_path / "home", "Ada", PASSPHRASE)
        with made.change() as change:
            for statement in OLDER.split(";\n"):
                change.db.execute(statement)
            change.record("sentence.edited", "sentence:30", before={"text": "One."},
                          after={"text": "One is said.", "transcript": 5})  # fmt: skip
        kept = rows(made)
        made.close()
    return kept


@pytest.fixture
def study(before: Kept, tmp_path: Path) -> Iterator[Study]:
    opened = unlock(tmp_path / "home", "Ada", PASSPHRASE)
    yield opened
    opened.close()


def test_every_row_is_kept(before: Kept, study: Study) -> None:
    now = rows(study)
    for table, kept in before.items():
        if table in ("events", "meta", "backups"):  # that it was opened anew is on record
            assert [row for row in now[table] if row in kept] == kept
            continue
        left = before[table] and before[table][0].keys() - ANEW.get(table, set())
        assert [{name: row[name] for name in left} for row in now[table]] == [
            {name: row[name] for name in left} for row in kept
        ], table
    assert [row["role"] for row in now["participants"]] == ["participant", "moderator"]
    assert study.db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert study.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_sentences_stand_in_their_order_and_codings_on_their_words(
    before: Kept, study: Study
) -> None:
    assert [one.id for one in sentences(study, 5)] == [30, 31, 33, 32]
    assert [(one.id, one.segment.place) for one in codings(study, 5)] == [
        (row["id"], (seg["first_sentence_id"], seg["last_sentence_id"], seg["trim_start"],
                     seg["trim_end"]))
        for row, seg in zip(before["codings"][:2], before["segments"], strict=False)
    ]  # fmt: skip


def test_the_older_study_is_edited_like_any(before: Kept, study: Study) -> None:
    assert before
    insert_sentence(study, 5, 30, "Between.", None, None, SAME, None)
    edit_sentence(study, 30, "One was said.", 3, None)
    assert [one.text for one in sentences(study, 5)][:3] == ["One was said.", "Between.", "Two."]
    undo(study, 5)
    undo(study, 5)
    assert undo(study, 5) == ""  # what the version before kept cannot be taken back
    assert [one.text for one in sentences(study, 5)] == ["One is said.", "Two.", "Three.", "Four."]
    assert (len(codings(study, 5)), repairs(study, 5)) == (2, [])


def test_earlier_corrections_are_told(before: Kept, study: Study) -> None:
    assert [(one.said, one.sentences) for one in revisions(study, 5)] == [
        ("a corrected sentence", (30,))
    ]
    assert as_of(study, 5, before["events"][0]["seq"])[0].text == "One."
