"""The manuscript of a real study: what stands in it, what does not, and the ledger."""

import hashlib
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

import themes
from secure_storage import (
    BadInput,
    NameCheck,
    NotAllowed,
    approve_export,
    list_exports,
    list_requests,
)

from .conftest import HOSTILE

SECRETS = ("Kari", "Nordmann", "Ann Berg", "Bo Lund", "Cia Dahl")


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def text(data: bytes) -> str:
    root = ElementTree.fromstring(parts(data)["word/document.xml"])
    return "\n".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("}p"))


def released(desk) -> Path:
    """What one coder asked for and another agreed to."""
    asked = themes.export_manuscript(desk.lead, [desk.transcript], " Article ", "BMC")
    approve_export(desk.coder, asked.id)
    return desk.lead.home / "exports" / list_exports(desk.lead)[0].file_name


def themed(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit", "Care is touch.")
    themes.add_code(desk.lead, number, desk.hands)
    quote = themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    themes.add_quote_to_theme(desk.lead, quote, number)
    themes.mark_quote(desk.coder, desk.transcript, desk.lines[3], desk.lines[3])


def test_the_way_from_coding_to_quote_is_in_the_file(desk) -> None:
    themed(desk)
    path = released(desk)
    said = text(path.read_bytes())
    assert "Hands should stay. [C1] A screen may visit. [C2]" in said
    assert "C1 hands stay (2) - AB, BL\nC2 screens visit - BL" in said
    assert "Theme 1: Hands stay, screens visit" in said
    assert "«Hands should stay.» (Occupational therapist, group 3)" in said
    assert "Third group (group 3). recogniser: none, written by hand." in said
    assert "Names not checked." in said


def test_no_name_in_any_part(desk) -> None:
    themed(desk)
    path = released(desk)
    for name, content in parts(path.read_bytes()).items():
        for secret in SECRETS:
            assert secret.encode() not in content, name
    assert "(Speaker, group 3)" in text(path.read_bytes())


def test_hostile_text_stays_text(desk) -> None:
    themed(desk)
    path = released(desk)
    everything = parts(path.read_bytes())
    assert "«![x](http://evil.example/x.png) <img src=" in text(path.read_bytes())
    assert not [name for name, part in everything.items() if name.endswith(".rels")
                and b"evil" in part]  # fmt: skip


def test_the_ledger_knows_what_left(desk) -> None:
    path = released(desk)
    (row,) = list_exports(desk.lead)
    assert (row.file_name, row.purpose, row.recipient, row.form) == (
        path.name, "Article", "BMC", "docx",
    )  # fmt: skip
    assert row.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row.asked_by, row.approved_by) == (desk.lead.member.id, desk.coder.member.id)
    assert not row.names_checked


def test_it_waits_until_a_second_person_agrees(desk) -> None:
    asked = themes.export_manuscript(desk.coder, [desk.transcript], "Article", "BMC")
    assert asked.state == "waiting" and list_exports(desk.lead) == []
    assert not list((desk.lead.home / "exports").glob("*"))
    approve_export(desk.lead, asked.id)
    assert list_exports(desk.lead)[0].id == 1


def test_readers_do_not_ask(desk) -> None:
    with pytest.raises(NotAllowed):
        themes.export_manuscript(desk.reader, [desk.transcript], "Article", "BMC")
    assert list_requests(desk.lead) == []


def test_every_text_of_the_file_is_searched_for_names(desk, monkeypatch) -> None:
    themed(desk)
    searched: list[str] = []
    monkeypatch.setattr(
        "themes.export.check_names",
        lambda study, texts: searched.extend(texts) or NameCheck(True, 3),
    )
    asked = themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC")
    for said in ("Hands should stay.", HOSTILE, "Third group", "hands stay", "Care is touch.",
                 "Care at home", "Hands stay, screens visit", "Touch cannot be sent."):  # fmt: skip
        assert said in searched, said
    approve_export(desk.coder, asked.id)
    (row,) = list_exports(desk.lead)
    said = text((desk.lead.home / "exports" / row.file_name).read_bytes())
    assert "Names checked. The text was searched for the registered names: found 3 times." in said


@pytest.mark.parametrize(
    ("purpose", "recipient"), [("", "BMC"), ("Article", " "), ("x" * 501, "B")]
)
def test_an_export_says_what_for_and_for_whom(desk, purpose: str, recipient: str) -> None:
    with pytest.raises(BadInput):
        themes.export_manuscript(desk.lead, [desk.transcript], purpose, recipient)


def test_an_export_needs_a_transcript(desk) -> None:
    with pytest.raises(BadInput):
        themes.export_manuscript(desk.lead, [], "Article", "BMC")


def test_the_same_analysis_gives_the_same_bytes(desk) -> None:
    themed(desk)
    first, again = (
        themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC") for _ in range(2)
    )
    assert first.id != again.id
    assert first.sha256 == again.sha256
