"""Somebody withdraws from a study with sound, codes, quotes and exports: gone, and only they."""

import ast
import hashlib
import importlib
import io
import json
import math
import shutil
import signal
import struct
import subprocess
import sys
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import coding.page
import secure_storage
import themes.page
import transcribe.page
from bench import withdrawal
from secure_storage import (
    FLOOR,
    MARK,
    BadInput,
    BuiltOn,
    Certificate,
    FokusError,
    NotAllowed,
    Role,
    Rules,
    Study,
    WrongPassphrase,
    ask_erasure,
    backups,
    cancel_erasure,
    carry_out_erasure,
    certificate_text,
    confirm_erasure,
    create_linking,
    create_study,
    erasers,
    find_theirs,
    list_erasures,
    list_exports,
    list_imports,
    list_requests,
    open_backup,
    record_import,
    refuse_export,
    request_export,
    set_export_rules,
    unlock,
    verify_chain,
)
from secure_storage.erasure import backups as erasure_backups
from secure_storage.erasure import journal, store
from secure_storage.erasure.exempt import (
    COLUMNS,
    KINDS,
    unnamed_columns,
    unnamed_folders,
    unnamed_kinds,
)
from secure_storage.erasure.store import cells, tables
from transcribe import Doubt, Sentence, Transcription, Turn, Word
from transcribe.editing import Replacement
from transcribe.store import undo
from transcribe.store.editing import split_sentence
from transcribe.store.rewriting import (
    SAME,
    insert_sentence,
    remove_sentences,
    replace_words,
    set_verbatim,
)
from transcribe.table_one import Rule

PASSPHRASE = "correct horse battery"
RATE = 16_000
SHARED = "We all said exactly this."
HEARD = "The machine lifted my mother gently."
EDITED = "The machine lifted my mother very gently."
LAST = "Nobody asked me about any of it."
EXCHANGE = "And then she laughed at both of us."
THEIRS = (HEARD, EDITED, LAST, EXCHANGE)
PARTLY = "Somebody said that she laughed at both of us, and more."
ELSEWHERE = "The machine lifted her mother gentle."
DOUBTFUL = "mumbled something about the lift"
OTHERS = ("What do you hope for, all of you?", "I would rather have a nurse.", "It is the hands.")


def spoken(text: str, start: float, end: float) -> Sentence:
    parts = text.split()
    step = (end - start) / len(parts)
    words = tuple(
        Word(part, start + n * step, start + (n + 1) * step, 0.9, "", 0.5)
        for n, part in enumerate(parts)
    )
    return Sentence(text, start, end, words)


TALK = Transcription(
    language="en",
    turns=(
        Turn("S1", (spoken(OTHERS[0], 0.5, 2.0),)),
        Turn("Kari", (spoken(HEARD, 2.1, 4.0), spoken(SHARED, 4.2, 5.0))),
        Turn("S3", (spoken(OTHERS[1], 5.1, 7.0), spoken(SHARED, 7.1, 8.0))),
        Turn("Kari", (spoken(EXCHANGE, 8.5, 10.0),)),
        Turn("S3", (spoken(OTHERS[2], 9.8, 11.0),)),
        Turn("Kari", (spoken(LAST, 12.0, 14.0),)),
    ),
    doubts=(
        Doubt(2.5, 3.0, DOUBTFUL, "dropped"),
        Doubt(6.0, 6.5, "some other mumbling", "dropped"),
    ),
)
AGAIN = Transcription(
    language="en",
    turns=(
        Turn("A", (spoken("What do you hope, all of you?", 0.5, 2.0),)),
        Turn("B", (spoken(ELSEWHERE, 2.0, 4.1),)),
    ),
)


def sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        turn = 2 * math.pi * 440 / RATE
        out.writeframes(
            b"".join(
                struct.pack("<hh", int(9000 * math.sin(turn * n)) or 1, 1 + n % 7000)
                for n in range(15 * RATE)
            )
        )
    return path


@dataclass(frozen=True)
class Made:
    home: Path
    kari: int
    transcript: int
    original: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("withdrawal")
    home = folder / "home"
    create_study(home, "Care at home", "Ann Berg", PASSPHRASE, cost=FLOOR)
    lead = unlock(home, "Ann Berg", PASSPHRASE)
    roles: tuple[tuple[str, Role], ...] = (("Bo Lund", "coder"), ("Cia Dahl", "reader"))
    for name, role in roles:
        once = lead.invite(name, role)
        joined = unlock(home, name, once)
        joined.choose_passphrase(PASSPHRASE)
        joined.close()
    coder = unlock(home, "Bo Lund", PASSPHRASE)
    original = sound(folder / "talk.wav")
    recording = transcribe.add_recording(lead, "Kari and the others", 3, [original])
    transcript = transcribe.save_transcription(
        lead, TALK, title="Third group", group=3, recording_id=recording
    )
    transcribe.save_transcription(lead, AGAIN, title="Again", group=3, recording_id=recording)
    people = {
        "S1": transcribe.add_participant(lead, 3, "Mo", "", "moderator"),
        "Kari": transcribe.add_participant(lead, 3, "Kari", "retired ship's carpenter"),
        "S3": transcribe.add_participant(lead, 3, "Per", "nurse"),
    }
    for one in transcribe.speakers(lead, transcript):
        transcribe.link_speaker(lead, one.id, people[one.label])
    lines = {one.text: one.id for one in transcribe.sentences(lead, transcript)}
    transcribe.edit_sentence(coder, lines[HEARD], EDITED, 1, "edit")
    hands = coding.add_code(lead, "hands stay", "Touch cannot be sent.").id
    kari = coding.add_code(coder, "Kari's mother", f"As she says: {LAST}").id
    coding.set_coding(lead, transcript, lines[HEARD], lines[HEARD], hands)
    coding.set_coding(coder, transcript, lines[HEARD], lines[OTHERS[1]], hands)
    coding.set_coding(coder, transcript, lines[OTHERS[1]], lines[OTHERS[1]], hands)
    coding.set_coding(lead, transcript, lines[OTHERS[2]], lines[OTHERS[2]], kari)
    theme = themes.add_theme(lead, "Hands", "What Kari calls gentle.")
    for text in (LAST, OTHERS[2]):
        quote = themes.mark_quote(lead, transcript, lines[text], lines[text])
        themes.add_quote_to_theme(lead, quote, theme)
    export(lead, "with.docx", f"<w:t>Nobody asked me</w:t><w:t> about any of it.</w:t> {EDITED}")
    export(lead, "without.docx", f"<w:t>{OTHERS[1]}</w:t>")
    release(lead, b"Nothing of theirs.", "Kari_asked.docx", f"Kari: {LAST}", "Kari's lawyer")
    set_export_rules(lead, Rules(two_person=True, second_for_unchecked=True))
    asked = request_export(
        lead, data=b"x", form="docx", file_name="Per.docx", purpose=PARTLY, recipient="Per"
    )
    refuse_export(coder, asked.id, f"It quotes Kari: {EDITED}")
    with lead.change() as change:
        record_import(change, "transcript", 1, "0" * 64, source="Kari.docx", purpose="to analyse")
        change.record("test.imported", "import:1")
    coder.close()
    lead.close()
    return Made(home, people["Kari"], transcript, original)


def export(study: Study, name: str, text: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document>{text}</w:document>")
    release(study, out.getvalue(), name)


def release(
    study: Study, data: bytes, name: str, purpose: str = "Article", recipient: str = "The journal"
) -> None:
    set_export_rules(study, Rules(two_person=False, second_for_unchecked=False))
    request_export(
        study, data=data, form="docx", file_name=name, purpose=purpose, recipient=recipient
    )


@dataclass(frozen=True)
class Desk:
    lead: Study
    coder: Study
    kari: int
    transcript: int
    original: Path

    def erased(self, mode: str) -> Certificate:
        asked = ask_erasure(self.lead, self.kari, mode)  # type: ignore[arg-type]
        confirm_erasure(self.coder, asked)
        return carry_out_erasure(self.coder, asked)


@pytest.fixture
def desk(made: Made, tmp_path: Path) -> Iterator[Desk]:
    home = shutil.copytree(made.home, tmp_path / "home")
    shutil.copytree(made.home.parent / "home-kept", tmp_path / "home-kept", dirs_exist_ok=True)
    lead, coder = (unlock(home, name, PASSPHRASE) for name in ("Ann Berg", "Bo Lund"))
    yield Desk(lead, coder, made.kari, made.transcript, made.original)
    coder.close()
    lead.close()


def remaining(study: Study) -> bytes:
    """Everything readable there is: cells of the database, sealed files opened, plain files."""
    data = b"".join(cells(study.db))
    for (file_id,) in study.db.execute("SELECT id FROM files").fetchall():
        with study.files.open(file_id) as sealed:
            data += sealed.read(0, sealed.size)
    for folder in ("exports", "jobs", "inbox", "looks"):
        for path in (study.home / folder).rglob("*"):
            data += path.name.encode() + (path.read_bytes() if path.is_file() else b"")
    return data


def rows_of_others(study: Study, kari: int) -> dict[str, str]:
    """A hash of everything that is others', by table."""
    theirs = transcribe.sentences_of(study.db, kari)
    mine = ",".join(map(str, theirs)) or "0"
    queries = {
        "sentences": f"SELECT * FROM sentences WHERE id NOT IN ({mine})",
        "words": f"SELECT * FROM words WHERE sentence_id NOT IN ({mine})",
        "turns": "SELECT u.* FROM turns u JOIN sentences s ON s.turn_id = u.id"
        f" WHERE s.id NOT IN ({mine})",
        "codings": "SELECT c.* FROM codings c JOIN segments g ON g.id = c.segment_id WHERE"
        f" first_sentence_id NOT IN ({mine}) AND last_sentence_id NOT IN ({mine})",
        "quotes": "SELECT q.* FROM quotes q JOIN segments g ON g.id = q.segment_id WHERE"
        f" first_sentence_id NOT IN ({mine}) AND last_sentence_id NOT IN ({mine})",
        "participants": f"SELECT * FROM participants WHERE id <> {kari}",
        "speakers": f"SELECT * FROM speakers WHERE participant_id IS NOT {kari}",
        "members": "SELECT * FROM members",
    }
    return {
        name: hashlib.sha256(repr(study.db.execute(query).fetchall()).encode()).hexdigest()
        for name, query in queries.items()
    }


def part_of(study: Study) -> tuple[str, bytes]:
    (row,) = study.db.execute("SELECT file_id, media_type FROM recording_parts").fetchall()
    with study.files.open(row[0]) as sealed:
        return row[1], sealed.read(0, sealed.size)


def samples(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    with av.open(io.BytesIO(data)) as opened:
        return np.concatenate([one.to_ndarray().reshape(-1, 2) for one in opened.decode(audio=0)])


@pytest.mark.parametrize("mode", ["redact", "remove"])
def test_all_of_theirs_is_gone_and_others_are_untouched(desk: Desk, mode: str) -> None:
    before = rows_of_others(desk.lead, desk.kari)
    # Texts inside Word files are packed; the rest can be read as it stands.
    assert all(text.encode() in remaining(desk.lead) for text in (*THEIRS, ELSEWHERE, DOUBTFUL))
    certificate = desk.erased(mode)
    assert certificate.clean and certificate.texts == 6 and not certificate.backups
    left = remaining(desk.lead)
    for text in (*THEIRS, ELSEWHERE, DOUBTFUL, "Kari", "carpenter", "laughed at both"):
        assert text.encode() not in left, text
    assert all(text.encode() in left for text in (*OTHERS, SHARED, "some other mumbling"))
    assert rows_of_others(desk.lead, desk.kari) == before
    assert verify_chain(desk.lead).ok
    assert "Kari" not in certificate_text(certificate)
    themes.gather(desk.lead, [desk.transcript])


def test_redacted_rows_stay_and_are_marked(desk: Desk) -> None:
    ids = [one.id for one in transcribe.sentences(desk.lead, desk.transcript)]
    codings = len(coding.codings(desk.lead, desk.transcript))
    desk.erased("redact")
    lines = transcribe.sentences(desk.lead, desk.transcript)
    assert [one.id for one in lines] == ids
    assert [one.text == MARK for one in lines] == [n in (1, 2, 5, 7) for n in range(len(lines))]
    assert len(coding.codings(desk.lead, desk.transcript)) == codings
    assert len(themes.quotes(desk.lead)) == 1
    names = {one.id: one for one in transcribe.participants(desk.lead)}
    assert (names[desk.kari].pseudonym, names[desk.kari].profession) == (
        f"withdrawn {desk.kari}", ""
    )  # fmt: skip
    assert transcribe.heard(desk.lead, lines[1].id) == ""
    assert transcribe.words(desk.lead, lines[1].id) == []


def test_removing_leaves_the_others_turns_where_they_were(desk: Desk) -> None:
    before = {one.id: one for one in transcribe.sentences(desk.lead, desk.transcript)}
    desk.erased("remove")
    lines = transcribe.sentences(desk.lead, desk.transcript)
    assert [one.text for one in lines] == [OTHERS[0], OTHERS[1], SHARED, OTHERS[2]]
    assert all(before[one.id] == one for one in lines)
    # Whoever coded the exchange coded the nurse, too; that part of it stays.
    texts = [
        coding.segment_text(desk.lead, one.segment.id)
        for one in coding.codings(desk.lead, desk.transcript)
    ]
    assert texts == [OTHERS[1], OTHERS[2]]


def test_the_sound_is_silent_where_they_spoke_and_the_same_elsewhere(desk: Desk) -> None:
    media, data = part_of(desk.lead)
    before = samples(data)
    files = set((desk.lead.home / "files").iterdir())
    desk.erased("redact")
    media, data = part_of(desk.lead)
    after = samples(data)
    assert media == "audio/flac" and len(before) == len(after)
    silent = np.zeros(len(after), dtype=bool)
    # Margins end where others speak; where the nurse interrupts, both are silent.
    for start, end in ((2.0, 5.1), (8.25, 10.0), (11.75, 14.25)):
        silent[math.floor(start * RATE) : math.ceil(end * RATE)] = True
    assert not after[silent].any()
    assert (after[~silent] == before[~silent]).all()
    # Nor does the strip under the transcript show that anybody spoke there.
    loud = transcribe.store.media(desk.lead, 1)[0].peaks
    assert loud is not None and not any(loud[41:102]) and all(loud[105:160])
    gone = files - set((desk.lead.home / "files").iterdir())
    assert len(gone) == 2  # the sound, and the export that quoted them


def test_exports_with_their_words_go_and_the_recipient_is_named(desk: Desk) -> None:
    certificate = desk.erased("redact")
    rows = {one.file_name: one for one in list_exports(desk.lead)}
    assert rows["with.docx"].erased_at and not rows["without.docx"].erased_at
    names = {path.name for path in (desk.lead.home / "exports").iterdir()}
    assert "with.docx" not in names and "without.docx" in names
    assert len(certificate.exports_left) == 1
    assert "The journal" in certificate.exports_left[0]


def test_what_was_typed_into_the_ledgers_is_rewritten(desk: Desk) -> None:
    found = {one.what: one.lines for one in find_theirs(desk.lead, desk.kari).found}
    assert len(found["Lines of the ledgers that mention the pseudonym"]) == 8
    assert len(found["Lines of the ledgers that quote them"]) == 4
    certificate = desk.erased("redact")
    name = f"withdrawn {desk.kari}"
    made = next(one for one in list_exports(desk.lead) if one.recipient == f"{name}'s lawyer")
    assert (made.file_name, made.purpose) == (f"{name}_asked.docx", f"{name}: {MARK}")
    refused = next(one for one in list_requests(desk.lead) if one.state == "refused")
    assert (refused.purpose, refused.reason) == (MARK, f"It quotes {name}: {MARK}")
    assert (refused.file_name, refused.recipient) == ("Per.docx", "Per")
    assert f"{name}.docx" in {one.source for one in list_imports(desk.lead)}
    folder = desk.lead.home / "exports"
    assert (folder / made.file_name).read_bytes() == b"Nothing of theirs."
    receipt = (folder / f"{made.file_name}.receipt.txt").read_text()
    assert f"{name}'s lawyer" in receipt and made.sha256 in receipt
    assert "Kari" not in str(certificate.exports_left)


def test_who_has_an_export_is_told_without_the_pseudonym(desk: Desk) -> None:
    release(desk.lead, EDITED.encode(), "Kari.txt", recipient=f"Kari, who said {LAST}")
    left = "\n".join(desk.erased("redact").exports_left)
    assert f"withdrawn {desk.kari}, who said {MARK}" in left and "Kari" not in left
    assert verify_chain(desk.lead).ok
    assert not [path for path in (desk.lead.home / "exports").iterdir() if "Kari" in path.name]


def test_names_of_exports_stay_apart_when_both_lose_the_pseudonym(desk: Desk) -> None:
    for name in ("Kari.txt", f"withdrawn {desk.kari}.txt"):
        release(desk.lead, name.encode(), name)
    desk.erased("redact")
    contents = {
        (desk.lead.home / "exports" / one.file_name).read_bytes()
        for one in list_exports(desk.lead)
        if not one.erased_at
    }
    assert {b"Kari.txt", f"withdrawn {desk.kari}.txt".encode()} <= contents


def test_what_a_member_writes_during_the_search_is_found_and_taken_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_anew(core: object) -> None:
        coding.add_code(desk.lead, "anew", f"She said: {LAST}")
        compact(core)  # type: ignore[arg-type]

    compact = store.compact
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(store, "compact", written_anew)
        with pytest.raises(FokusError, match=r"codes\.definition"):
            desk.erased("redact")
    (row,) = list_erasures(desk.lead)
    assert row.state == "erased" and LAST.encode() in remaining(desk.lead)
    assert carry_out_erasure(desk.coder, row.id).clean
    assert LAST.encode() not in remaining(desk.lead)
    definitions = {one.name: one.definition for one in coding.list_codes(desk.lead)}
    assert definitions["anew"] == f"She said: {MARK}"
    assert "erasure" not in kinds(desk.lead)
    assert verify_chain(desk.lead).ok


def test_what_only_the_backup_holds_is_no_end_either(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_anew(core: object) -> object:
        release(desk.lead, LAST.encode(), "late.txt", f"As was said: {LAST}")
        return fresh(core)  # type: ignore[arg-type]

    fresh = erasure_backups.fresh
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(erasure_backups, "fresh", written_anew)
        with pytest.raises(FokusError, match="fresh backup"):
            desk.erased("redact")
    (row,) = list_erasures(desk.lead)
    assert row.state == "erased" and "erasure" in kinds(desk.lead)
    certificate = carry_out_erasure(desk.coder, row.id)
    assert certificate.clean and len(certificate.backups) == 1
    assert LAST.encode() not in remaining(desk.lead)
    assert "erasure" not in kinds(desk.lead)


def kinds(study: Study) -> list[str]:
    return [row[0] for row in study.db.execute("SELECT kind FROM files").fetchall()]


def test_partial_quotations_are_shown_for_a_person_to_judge(desk: Desk) -> None:
    coding.add_code(desk.lead, "cut", "As in «the machine lifted my mother very, very».")
    themes.add_theme(desk.lead, "Cut", "Then she laughed at both of us, too.")
    coding.add_code(desk.lead, "free", "The machine is theirs.")
    found = {one.what: one for one in find_theirs(desk.lead, desk.kari).found}
    codes, ours = (
        found["Codes that quote a part of what they said"],
        found["Themes that quote a part of what they said"],
    )
    assert codes.stays and ours.stays
    assert [line.partition(":")[0] for line in codes.lines] == ["cut"]
    assert [line.partition(":")[0] for line in ours.lines] == ["Cut"]


def test_the_search_opens_what_is_sealed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:t>{LAST}</w:t>")
    release(desk.lead, out.getvalue(), "packed.docx")
    monkeypatch.setattr(journal, "_holding", lambda ground, texts: [])
    with pytest.raises(FokusError, match=r"sealed files, opened \(export\)"):
        desk.erased("redact")


def test_a_copy_of_the_recording_in_the_inbox_goes(desk: Desk) -> None:
    copied = Path(shutil.copy(desk.original, desk.lead.home / "inbox" / "again.wav"))
    other = copied.with_name("other.wav")
    other.write_bytes(b"somebody else's sound")
    desk.erased("redact")
    assert not copied.exists() and other.exists()


def test_the_fresh_backup_holds_nothing_of_theirs(desk: Desk) -> None:
    desk.erased("redact")
    (made,) = backups(desk.lead.home)
    with open_backup(desk.lead, made) as db:
        held = b"".join(cells(db))
    assert OTHERS[0].encode() in held
    assert not [text for text in THEIRS if text.encode() in held]


def test_only_a_second_person_confirms(desk: Desk, made: Made) -> None:
    with pytest.raises(NotAllowed):
        ask_erasure(desk.coder, desk.kari, "redact")
    asked = ask_erasure(desk.lead, desk.kari, "redact")
    with pytest.raises(BadInput, match="asked for already"):
        ask_erasure(desk.lead, desk.kari, "remove")
    with pytest.raises(NotAllowed, match="Another member"):
        confirm_erasure(desk.lead, asked)
    with pytest.raises(BadInput, match="not confirmed"):
        carry_out_erasure(desk.lead, asked)
    reader = unlock(desk.lead.home, "Cia Dahl", PASSPHRASE)
    try:
        for call in (confirm_erasure, cancel_erasure, carry_out_erasure):
            with pytest.raises(NotAllowed):
                call(reader, asked)
        with pytest.raises(NotAllowed):
            find_theirs(reader, desk.kari)
    finally:
        reader.close()
    cancel_erasure(desk.coder, asked)
    with pytest.raises(BadInput, match="decided already"):
        confirm_erasure(desk.coder, asked)
    assert HEARD.encode() in remaining(desk.lead)


def test_whoever_is_erased_cannot_be_erased_again(desk: Desk) -> None:
    desk.erased("redact")
    with pytest.raises(BadInput, match="erased already"):
        ask_erasure(desk.lead, desk.kari, "redact")


def test_no_speaker_is_linked_to_whoever_is_erased(desk: Desk) -> None:
    speaker = transcribe.speakers(desk.lead, desk.transcript)[0].id
    desk.erased("redact")
    with pytest.raises(BadInput, match="was erased"):
        transcribe.link_speaker(desk.lead, speaker, desk.kari)
    transcribe.link_speaker(desk.lead, speaker, None)


def test_mentions_stay_where_nobody_chose_to_replace_them(desk: Desk) -> None:
    asked = ask_erasure(desk.lead, desk.kari, "redact", mentions=False)
    confirm_erasure(desk.coder, asked)
    assert carry_out_erasure(desk.coder, asked).clean
    names = {one.name: one.definition for one in coding.list_codes(desk.lead)}
    # A whole sentence of theirs is no mention: it goes in any case.
    assert names["Kari's mother"] == f"As she says: {MARK}"


KILLED = """
import os, signal, sys
from pathlib import Path
import themes
import secure_storage.erasure.work as work
from secure_storage import ask_erasure, carry_out_erasure, confirm_erasure, list_erasures, unlock
from secure_storage.erasure import backups, ledgers, looking, store

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

home, kari, place = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
lead, coder = (unlock(home, name, "correct horse battery") for name in ("Ann Berg", "Bo Lund"))
if not list_erasures(lead):
    confirm_erasure(coder, ask_erasure(lead, kari, "redact"))
if place == "silenced":
    work._change = die
elif place == "before the commit":
    store.advance = die
elif place == "committed":
    real = work._certify
    work._certify = die
elif place == "renaming":
    ledgers.written_again = die
elif place == "compacting":
    store.compact = die
elif place == "searched":
    backups.fresh = die
elif place == "backed up":
    looking.look_in_backup = die
elif place == "certifying":
    work._write = die
carry_out_erasure(coder, 1)
"""


@pytest.mark.parametrize(
    "place",
    ["silenced", "before the commit", "committed", "renaming", "compacting", "searched",
     "backed up", "certifying"],
)  # fmt: skip
def test_a_kill_at_any_point_is_made_good(made: Made, tmp_path: Path, place: str) -> None:
    home = shutil.copytree(made.home, tmp_path / "home")
    shutil.copytree(made.home.parent / "home-kept", tmp_path / "home-kept", dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(home), str(made.kari), place],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    lead = unlock(home, "Ann Berg", PASSPHRASE)
    try:
        (row,) = list_erasures(lead)
        # Until it is certified, what is looked for lies in a sealed file of its own.
        intact = HEARD.encode() in b"".join(cells(lead.db))
        assert intact == (row.state == "confirmed")
        certificate = carry_out_erasure(lead, row.id)
        assert certificate.clean
        assert not [text for text in THEIRS if text.encode() in remaining(lead)]
        assert verify_chain(lead).ok
        # Nothing is left lying about: every file has its row.
        known = {row[0] for row in lead.db.execute("SELECT name FROM files").fetchall()}
        assert {path.name for path in (home / "files").iterdir()} == known
        assert not list((home / "looks").iterdir())
        out = {one.file_name for one in list_exports(lead) if not one.erased_at}
        receipts = {f"{one.file_name}.receipt.txt" for one in list_exports(lead)}
        assert {path.name for path in (home / "exports").iterdir()} == out | receipts
    finally:
        lead.close()


def test_every_place_that_can_hold_words_is_answered_for(desk: Desk) -> None:
    assert unnamed_columns(desk.lead.db) == []
    assert unnamed_folders(desk.lead.home) == []
    # Nor is anything excused that is not there (any more).
    there = set(tables(desk.lead.db))
    assert {name.partition(".")[0] for name in COLUMNS} <= there
    with desk.lead.change() as change:
        change.db.execute("CREATE TABLE memos (id INTEGER PRIMARY KEY, text TEXT) STRICT")
        change.record("test.made", "memos")
    assert unnamed_columns(desk.lead.db) == ["memos.text"]
    with pytest.raises(Exception, match=r"memos\.text"):
        desk.erased("redact")
    assert HEARD.encode() in remaining(desk.lead)
    with desk.lead.change() as change:
        change.db.execute("DROP TABLE memos")
        change.record("test.dropped", "memos")


@pytest.mark.parametrize("name", ["waveforms", ".waveforms"])
def test_a_folder_that_nobody_answers_for_stops_the_erasure(desk: Desk, name: str) -> None:
    folder = desk.lead.home / name
    folder.mkdir()
    assert unnamed_folders(desk.lead.home) == [f"{name}/"]
    with pytest.raises(BadInput, match="Nothing was erased"):
        desk.erased("redact")
    assert HEARD.encode() in remaining(desk.lead)
    folder.rmdir()
    (desk.lead.home / ".study.json.0a1b2c.part").write_bytes(b"")
    assert carry_out_erasure(desk.coder, 1).clean


def test_what_lies_in_the_folder_of_a_study_in_use_is_answered_for(desk: Desk) -> None:
    home = desk.lead.home
    once = desk.lead.invite("Kim Dal", "custodian")
    keeper = unlock(home, "Kim Dal", once)
    keeper.choose_passphrase(PASSPHRASE)
    linking = create_linking(keeper)
    for name in ("Ann Berg", "Nobody"):
        with pytest.raises(WrongPassphrase):
            unlock(home, name, "a wrong passphrase")
    try:
        assert {"linking.db", "linking.json"} <= {path.name for path in home.iterdir()}
        assert unnamed_folders(home) == []
    finally:
        linking.close()
        keeper.close()
    # A failed sign-in is kept here while the study is locked; on some disks there is no log.
    for name in ("failed-sign-ins", "study.db-journal", "linking.db-wal", "linking.db.next-wal"):
        (home / name).write_bytes(b"")
    assert unnamed_folders(home) == []
    assert unnamed_folders(home.parent) == ["home/", "home-kept/"]


def test_a_kind_of_sealed_file_that_nobody_answers_for_stops_the_erasure(desk: Desk) -> None:
    assert unnamed_kinds(desk.lead.db) == []
    with desk.lead.change() as change:
        kept = desk.lead.files.add([LAST.encode()], "waveform", change)
        change.record("test.made", "file")
    assert unnamed_kinds(desk.lead.db) == ["files:waveform"]
    with pytest.raises(Exception, match="files:waveform"):
        desk.erased("redact")
    with desk.lead.change() as change:
        desk.lead.files.remove(kept.id, change)
        change.record("test.removed", "file")
    assert carry_out_erasure(desk.coder, 1).clean


def sealed_kinds() -> Iterator[tuple[str, object]]:
    """Every kind of sealed file that the source makes, and where."""
    root = Path(secure_storage.__file__).parents[1]
    for stage in ("secure_storage", "transcribe", "coding", "themes"):
        for path in sorted((root / stage).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                given = {"writer": 0, "add": 1}.get(node.func.attr)
                if given is None or not ast.unparse(node.func.value).endswith("files"):
                    continue
                name = ".".join(path.relative_to(root).with_suffix("").parts)
                module = importlib.import_module(name.removesuffix(".__init__"))
                yield str(path), eval(ast.unparse(node.args[given]), vars(module))


def test_every_kind_of_sealed_file_in_the_source_is_answered_for() -> None:
    made = list(sealed_kinds())
    assert {kind for _, kind in made} >= {"recording", "export", "erasure"}
    known = KINDS.keys() | {place for one in erasers() for place in one.places}
    assert [(where, kind) for where, kind in made if f"files:{kind}" not in known] == []


def test_a_job_under_way_has_to_end_first(desk: Desk) -> None:
    with desk.lead.change() as change:
        change.db.execute(
            "INSERT INTO jobs (recording_id, capsule, key, options, state, created_at, created_by)"
            " VALUES (1, 'ab', x'00', '{}', 'queued', '', 1)"
        )
        change.record("job.added", "job:1")
    with pytest.raises(BadInput, match="being transcribed"):
        desk.erased("redact")
    with desk.lead.change() as change:
        change.db.execute("UPDATE jobs SET state = 'cancelled', key = randomblob(32)")
        change.record("job.cancelled", "job:1")
    (desk.lead.home / "jobs" / "ab").mkdir()
    assert carry_out_erasure(desk.lead, 1).clean
    assert desk.lead.db.execute("SELECT key FROM jobs").fetchone() == (None,)
    assert not (desk.lead.home / "jobs" / "ab").exists()


def test_the_certificate_is_kept_as_it_was_given(desk: Desk) -> None:
    given = desk.erased("redact")
    (row,) = list_erasures(desk.lead)
    assert row.state == "done" and "Kari" not in row.certificate
    assert json.loads(row.certificate)["participant"] == given.participant
    assert carry_out_erasure(desk.lead, row.id) == given


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_nothing_is_found_of_somebody_of_a_random_study(tmp_path: Path, seed: int) -> None:
    outcome = withdrawal.one_study(tmp_path / "home", seed)
    assert outcome.sought and not outcome.found and outcome.clean
    assert outcome.others and not outcome.changed


PAGES = (
    (themes.page, "study_page"), (transcribe.page, "recordings_page"),
    (transcribe.page, "transcript_page"), (transcribe.page, "group_page"),
    (transcribe.page, "participants_page"), (coding.page, "coding_page"),
    (coding.page, "codebook_page"), (themes.page, "themes_page"), (themes.page, "quotes_page"),
    (themes.page, "export_page"),
)  # fmt: skip


def _draw() -> None:
    from tests_withdrawal_here import HERE

    page, study = HERE
    page(study)


@pytest.mark.parametrize("mode", ["redact", "remove"])
def test_all_pages_draw_afterwards(desk: Desk, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.erased(mode)
    for module, name in PAGES:
        shelf = ModuleType("tests_withdrawal_here")
        shelf.HERE = (getattr(module, name), desk.lead)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tests_withdrawal_here", shelf)
        page = AppTest.from_function(_draw, default_timeout=60).run()
        assert not page.exception, name


def test_somebody_of_the_demo_study_withdraws(demo_copy) -> None:
    home: Path = demo_copy.home
    lead, coder = (unlock(home, name, demo_copy.passphrase(name)) for name in ("Ingrid", "Jonas"))
    try:
        who = max(
            transcribe.participants(lead),
            key=lambda one: len(transcribe.sentences_of(lead.db, one.id)),
        )
        theirs = {text for text in find_theirs(lead, who.id).texts if len(text) >= 12}
        before = rows_of_others(lead, who.id)
        assert len(theirs) > 15
        assert unnamed_columns(lead.db) == [] and unnamed_folders(home) == []
        asked = ask_erasure(lead, who.id, "remove")
        confirm_erasure(coder, asked)
        certificate = carry_out_erasure(coder, asked)
        assert certificate.clean and certificate.texts == len(theirs)
        left = remaining(lead)
        assert not [text for text in theirs if text.encode() in left]
        after = rows_of_others(lead, who.id)
        # Segments they shared with others are others' alone now, and so are their codings.
        for table in before.keys() - {"codings", "quotes"}:
            assert before[table] == after[table], table
        assert verify_chain(lead).ok
        themes.gather(lead, [one.id for one in transcribe.list_transcripts(lead)])
        assert all(themes.excerpts_of_code(lead, one.id) for one in coding.list_codes(lead)[:1])
    finally:
        coder.close()
        lead.close()


HEARD_WHEN = {
    "S1": ((0.0, 2.0),), "Kari": ((2.0, 5.0), (8.5, 9.8), (12.0, 14.0)),
    "S3": ((5.0, 8.2), (9.8, 11.0)),
}  # fmt: skip


def test_acts_on_speakers_marks_and_the_guide_keep_nothing_of_theirs(desk: Desk) -> None:
    voices = {one.label: one.id for one in transcribe.speakers(desk.lead, desk.transcript)}
    lines = {one.text: one.id for one in transcribe.sentences(desk.lead, desk.transcript)}
    with desk.lead.change() as change:
        for number, (label, spans) in enumerate(HEARD_WHEN.items(), 1):
            change.db.execute("INSERT INTO voices VALUES (?, 1, ?)", [number, voices[label]])
            for start, end in spans:
                change.db.execute("INSERT INTO spans VALUES (?, ?, ?, 1)", [number, start, end])
        change.record("test.heard", "transcript:1")
    keep = transcribe.store
    new = keep.new_speaker(desk.lead, 1, "Karianne Strand", sentence_id=lines[OTHERS[1]])
    keep.merge_speakers(desk.lead, new, voices["Kari"])
    keep.undo(desk.lead, 1)
    keep.redo(desk.lead, 1)
    keep.give_speaker(desk.lead, 1, lines[OTHERS[1]], "sentence", voices["S3"])
    assert keep.assign_again(desk.lead, 1) >= 0
    keep.save_guide(desk.coder, [f"What did she mean: {LAST}", "Why does Kari say so?"], [])
    keep.mark_question(desk.coder, 1, lines[EXCHANGE], 1)
    told = [json.dumps(one.before) for one in desk.lead.events(0, 10_000)]
    assert any("Karianne Strand" in one for one in told) and any("gently" in one for one in told)
    assert desk.erased("remove").clean
    left = remaining(desk.lead)
    for text in (*THEIRS, "Karianne Strand", "gently", "Kari"):
        assert text.encode() not in left, text
    assert [one.text for one in keep.questions(desk.lead)] == [
        f"What did she mean: {MARK}", f"Why does withdrawn {desk.kari} say so?",
    ]  # fmt: skip
    assert keep.question_marks(desk.lead, 1) == []
    heard = desk.lead.db.execute("SELECT DISTINCT voice_id FROM spans ORDER BY 1").fetchall()
    assert len(heard) == len(voices) - 1


def test_whoever_said_nothing_can_withdraw_too(desk: Desk) -> None:
    silent = transcribe.add_participant(desk.lead, 3, "Siri", "cook on a ship")
    asked = ask_erasure(desk.lead, silent, "remove")
    confirm_erasure(desk.coder, asked)
    certificate = carry_out_erasure(desk.coder, asked)
    assert certificate.clean and certificate.texts == certificate.keys == 0
    assert b"cook on a ship" not in remaining(desk.lead)
    assert HEARD.encode() in remaining(desk.lead)
    media, _ = part_of(desk.lead)
    assert media == "audio/wav"


def test_the_words_the_recogniser_is_to_expect_are_shown_and_lose_the_pseudonym(
    desk: Desk,
) -> None:
    transcribe.set_study_defaults(desk.lead, transcribe.StudyDefaults("Kari\nNAV"))
    found = {one.what: one.lines for one in find_theirs(desk.lead, desk.kari).found}
    assert found["Words the recogniser is to expect"] == ("Kari\nNAV",)
    assert desk.erased("redact").clean
    assert transcribe.study_defaults(desk.lead).prompt == f"withdrawn {desk.kari}\nNAV"
    assert b"Kari" not in remaining(desk.lead)


def test_acts_tell_nothing_of_theirs_any_more(desk: Desk) -> None:
    talk, bo = desk.transcript, desk.coder
    lines = {one.text: one for one in transcribe.sentences(bo, talk)}
    edited, last, mo = lines[EDITED], lines[LAST], lines[OTHERS[0]]
    split_sentence(bo, talk, edited.id, edited.version, 6, None)
    first, second = transcribe.sentences(bo, talk)[1:3]
    insert_sentence(bo, talk, second.id, "Typed by Kari herself.", None, None, SAME, None)
    set_verbatim(bo, talk, second.id, second.version, "Eh, verbatim of Kari.", None)
    places = [Replacement(one.id, one.version, 0, 2, "Xx") for one in (mo, first)]
    replace_words(bo, talk, places, None)
    typed = transcribe.sentences(bo, talk)[3]
    transcribe.edit_sentence(bo, typed.id, "No!", typed.version, None)
    remove_sentences(bo, talk, [(typed.id, 2), (last.id, last.version)], None)
    transcribe.edit_sentence(bo, mo.id, "Mo again.", 2, None)
    texts = ("Typed by Kari", "verbatim of Kari", "No!", LAST, edited.text[6:])
    assert all(text.encode() in remaining(bo) for text in texts)
    assert desk.erased("redact").clean
    left = remaining(bo)
    assert not [text for text in texts if text.encode() in left]
    # What was done to Mo's words alone is taken back as ever; what held Kari's too is not.
    assert undo(bo, talk)
    assert transcribe.sentence(bo, mo.id).text == "Xx" + OTHERS[0][2:]
    with pytest.raises(BuiltOn, match="erased"):
        undo(bo, talk)


def test_what_they_answered_is_gone_with_the_labels_for_it(desk: Desk) -> None:
    grew = transcribe.add_attribute(desk.lead, "Grew up", "text")
    before = {one.pseudonym: one for one in transcribe.participants(desk.lead)}
    answers = {"Kari": "on a lightship in Vardø", "Per": "in a city"}
    transcribe.save_participants(desk.lead, [
        (before[name], replace(before[name], answers=((grew, said),)))
        for name, said in answers.items()
    ])  # fmt: skip
    rules = (
        (None, Rule("Seafarers", "retired ship's carpenter")), (None, Rule("Nurses", "Nurse")),
        (grew, Rule("At sea", "On a lightship in Vardø")), (grew, Rule("Towns", "in a city")),
    )  # fmt: skip
    transcribe.set_table_one(desk.lead, transcribe.TableOneSettings(3, rules))
    (group,) = transcribe.groups(desk.lead)
    transcribe.edit_group(desk.lead, group, replace(group, title="Kari's own"))
    transcribe.set_grounds(desk.lead, transcribe.GroundsRow(1, "REK 12, Kari apart"))
    found = {one.what: one.lines for one in find_theirs(desk.lead, desk.kari).found}
    assert found["Answers about themselves"] == ("on a lightship in Vardø",)
    assert desk.erased("redact").clean
    left = remaining(desk.lead)
    for words in ("Vardø", "ship's carpenter", "At sea", "Seafarers", "Kari"):
        assert words.encode() not in left
    settings = transcribe.table_one_settings(desk.lead)
    assert [rule.label for _, rule in settings.rules] == ["Nurses", "Towns"]
    assert transcribe.groups(desk.lead)[0].title == f"withdrawn {desk.kari}'s own"
