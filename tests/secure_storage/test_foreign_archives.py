"""Archives, XML and PDF from strangers: what is in order is read, all else refused in words."""

import io
import json
import random
import stat
import zipfile

import pytest

from bench.good_files import pdf
from secure_storage import BadInput, expect, guarded, open_archive, read_xml
from secure_storage.foreign import Caps

ALLOWED = ["word/*.xml", "[[]Content_Types].xml"]
Members = list[tuple[str | zipfile.ZipInfo, bytes]]


def zipped(members: Members, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", how) as file:
        for name, data in members:
            file.writestr(name, data)
    return target.getvalue()


def texts(data: bytes, caps: Caps | None = None) -> dict[str, bytes]:
    with open_archive(io.BytesIO(data), ALLOWED, caps or Caps()) as archive:
        return {name: archive.read(name) for name in archive.names}


GOOD: Members = [("word/document.xml", b"<d/>"), ("[Content_Types].xml", b"<t/>")]


def test_only_allowed_members_are_read() -> None:
    data = zipped([*GOOD, ("word/media/evil.exe", b"MZ"), ("vbaProject.bin", b"x")])
    assert texts(data) == {"word/document.xml": b"<d/>", "[Content_Types].xml": b"<t/>"}
    with open_archive(io.BytesIO(data), ALLOWED) as archive, pytest.raises(BadInput, match="part"):
        archive.read("vbaProject.bin")


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize("name", [
    "../../etc/passwd", "/etc/passwd", "word/../../x.xml", "C:/x.xml", "word\\x.xml",
    "word/\x1b[31m.xml", "..", link("word/link.xml"),
], ids=repr)  # fmt: skip
def test_a_name_that_leads_elsewhere_refuses_the_file(name: str | zipfile.ZipInfo) -> None:
    with pytest.raises(BadInput, match="outside"):
        texts(zipped([*GOOD, (name, b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_refuse_the_file() -> None:
    with pytest.raises(BadInput, match="one name"):
        texts(zipped([*GOOD, ("WORD/document.xml", b"other")]))
    with pytest.raises(BadInput, match="one name"):
        texts(zipped([*GOOD, ("word/document.xml", b"other")]))


def test_too_many_parts_refuse_the_file() -> None:
    with pytest.raises(BadInput, match="more than 5 parts"):
        texts(zipped([(f"word/{n}.xml", b"") for n in range(6)]), Caps(members=5))


def test_a_bomb_is_not_read_to_its_end() -> None:
    bomb = zipped([("word/document.xml", bytes(300 << 20))])
    assert len(bomb) < 1 << 20
    with pytest.raises(BadInput, match="beyond reason"):
        texts(bomb)


def test_all_parts_together_are_bounded() -> None:
    data = zipped([(f"word/{n}.xml", bytes([n]) * 3000) for n in range(10)])
    with pytest.raises(BadInput, match="beyond reason"):
        texts(data, Caps(bytes=20_000))
    with pytest.raises(BadInput, match="beyond reason"):
        texts(data, Caps(bytes=len(data) - 1))
    assert len(texts(data, Caps(bytes=30_000))) == 10


def test_a_size_that_lies_in_the_directory_is_found_out() -> None:
    data = bytearray(zipped([("word/document.xml", b"a" * 100_000)]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(BadInput, match="damaged"):
        texts(bytes(data))


def test_a_password_is_told() -> None:
    data = bytearray(zipped(GOOD))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(sign, at + 1)) >= 0:
            data[at + place] |= 1
    with pytest.raises(BadInput, match="password"):
        texts(bytes(data))


def test_whatever_is_wrong_is_told_in_words() -> None:
    chance = random.Random(7)
    whole = zipped([*GOOD, ("word/styles.xml", bytes(chance.randbytes(3000)))])
    outcomes = set()
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            texts(bytes(data))
            outcomes.add("read")
        except BadInput:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_xml_is_parsed_without_document_types() -> None:
    root = read_xml("<?xml version='1.0'?><a><b>blåbær</b></a>".encode())
    assert root.tag == "a"
    assert root[0].text == "blåbær"


LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'


@pytest.mark.parametrize("data", [
    LAUGHS,
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
    "\ufeff".encode("utf-16-le") + LAUGHS.decode().encode("utf-16-le"),
    b"<a>", b"", b"<a>\xff</a>", b"<a xmlns:x='u'><y:b/></a>",
    b"<?xml version='1.0' encoding='no'?><a/>",
])  # fmt: skip
def test_xml_that_fetches_multiplies_or_is_broken_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="XML"):
        read_xml(data)


def test_xml_is_bounded() -> None:
    with pytest.raises(BadInput, match="nested"):
        read_xml(b"<a>" * 200 + b"</a>" * 200)
    with pytest.raises(BadInput, match="repeated"):
        read_xml(b"<a>" + b"<b/>" * 50 + b"</a>", elements=20)


PDF = "secure_storage.foreign.pdf:read_pdf"


def test_the_text_of_a_pdf_is_read_in_the_child() -> None:
    pages = json.loads(guarded(PDF, [pdf("Vi savner kaffe på møtet.")]))
    assert [page.strip() for page in pages] == ["Vi savner kaffe på møtet."]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"%PDF-1.4\nnothing", "damaged"), (b"", "damaged"), (pdf(""), "no text")],
    ids=["cut", "empty", "no text"],
)
def test_a_pdf_that_cannot_be_read_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        guarded(PDF, [data])


def test_a_pdf_whose_pages_run_in_a_circle_is_refused() -> None:
    with pytest.raises(BadInput):
        guarded(PDF, [pdf("round").replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")])


SIGNS: list[tuple[bytes, str]] = [
    (b"%PDF-1.7", "PDF"), (b"PK\x03\x04\x14", "Word, Excel or ZIP"), (b"\x7fELF\x02", "program"),
    (b"MZ\x90", "program"), (b"\xd0\xcf\x11\xe0\xa1", "old Word"), (b"  <!doctype html>", "web"),
    (b"\xef\xbb\xbf<?xml version", "XML"), (b"#EXTM3U\nhttp://x", "internet"),
    (b"ffconcat version 1.0\nfile x", "other files"), (b"{\\rtf1", "RTF"),
    (b"\x1f\x8b\x08", "compr"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "name"), SIGNS)
@pytest.mark.parametrize("kind", ["sound", "text"])
def test_what_is_something_else_is_called_by_its_name(head: bytes, name: str, kind: str) -> None:
    with pytest.raises(BadInput, match=name):
        expect(head, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "head", [b"RIFF\x00\x00", b"ID3\x04", b"fLaC", b"OggS", b"\x00\x00\x00 ftyp"]
)
def test_sound_is_left_to_its_decoder(head: bytes) -> None:
    expect(head, "sound")


@pytest.mark.parametrize("head", [b"WEBVTT\n", b"\xef\xbb\xbfWEBVTT", b"", b"\xff\xfeW\x00"])
def test_text_is_left_to_its_reader(head: bytes) -> None:
    expect(head, "text")
