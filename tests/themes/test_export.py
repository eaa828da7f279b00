"""The manuscript of a real study: what stands in it, what does not, and the ledger."""

import hashlib
import io
import zipfile
from xml.etree import ElementTree

import pytest

import themes
from secure_storage import BadInput, NotAllowed

SECRETS = ("Kari", "Nordmann", "Ann Berg", "Bo Lund", "Cia Dahl")


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def text(data: bytes) -> str:
    root = ElementTree.fromstring(parts(data)["word/document.xml"])
    return "\n".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("}p"))


def themed(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit", "Care is touch.")
    themes.add_code(desk.lead, number, desk.hands)
    quote = themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    themes.add_quote_to_theme(desk.lead, quote, number)
    themes.mark_quote(desk.coder, desk.transcript, desk.lines[3], desk.lines[3])


def test_the_way_from_coding_to_quote_is_in_the_file(desk) -> None:
    themed(desk)
    released = themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC")
    said = text(released.path.read_bytes())
    assert "Hands should stay. [C1] A screen may visit. [C2]" in said
    assert "C1 hands stay (2) - AB, BL\nC2 screens visit - BL" in said
    assert "Theme 1: Hands stay, screens visit" in said
    assert "«Hands should stay.» (Occupational therapist, group 3)" in said
    assert "Third group (group 3). recogniser: none, written by hand." in said
    assert "Names not checked." in said


def test_no_name_in_any_part(desk) -> None:
    themed(desk)
    released = themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC")
    for name, content in parts(released.path.read_bytes()).items():
        for secret in SECRETS:
            assert secret.encode() not in content, name
    assert "(Speaker, group 3)" in text(released.path.read_bytes())


def test_hostile_text_stays_text(desk) -> None:
    themed(desk)
    released = themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC")
    everything = parts(released.path.read_bytes())
    assert "«![x](http://evil.example/x.png) <img src=" in text(released.path.read_bytes())
    assert not [name for name, part in everything.items() if name.endswith(".rels")
                and b"evil" in part]  # fmt: skip


def test_the_ledger_knows_what_left(desk) -> None:
    released = themes.export_manuscript(desk.lead, [desk.transcript], " Article ", "BMC")
    (row,) = themes.exports(desk.lead)
    data = released.path.read_bytes()
    assert (row.id, row.purpose, row.recipient, row.initials) == (
        released.id, "Article", "BMC", "AB",
    )  # fmt: skip
    assert row.sha256 == hashlib.sha256(data).hexdigest() == released.sha256
    assert not row.names_checked
    assert themes.export_bytes(desk.lead, released.id) == data
    assert [event.action for event in desk.lead.events()[-2:]] == ["read.exported"] * 2


def test_only_a_lead_releases(desk) -> None:
    for study in (desk.coder, desk.reader):
        with pytest.raises(NotAllowed):
            themes.export_manuscript(study, [desk.transcript], "Article", "BMC")
    assert themes.exports(desk.lead) == []
    assert not list((desk.lead.home / "exports").glob("*"))


@pytest.mark.parametrize(
    ("purpose", "recipient"), [("", "BMC"), ("Article", " "), ("x" * 501, "B")]
)
def test_an_export_says_what_for_and_for_whom(desk, purpose: str, recipient: str) -> None:
    with pytest.raises(BadInput):
        themes.export_manuscript(desk.lead, [desk.transcript], purpose, recipient)


def test_an_export_needs_a_transcript(desk) -> None:
    with pytest.raises(BadInput):
        themes.export_manuscript(desk.lead, [], "Article", "BMC")
    with pytest.raises(BadInput):
        themes.export_bytes(desk.lead, 7)


def test_the_same_analysis_gives_the_same_bytes(desk) -> None:
    themed(desk)
    first, again = (
        themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC") for _ in range(2)
    )
    assert first.path != again.path
    assert first.sha256 == again.sha256
