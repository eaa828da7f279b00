"""What the stages put into the archive of a study: what was made of the words, nobody's name."""

import csv
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

import themes  # noqa: F401  (registers what it archives)
from secure_storage import make_archive

SECRET_NAME = "Kari Nordmann"


@pytest.fixture
def files(desk: Any, tmp_path: Path) -> dict[str, bytes]:
    identity = pyrage.x25519.Identity.generate()
    made = make_archive(desk.lead, tmp_path / "a.age", recipients=(str(identity.to_public()),))
    plain = pyrage.decrypt(made.path.read_bytes(), [identity])
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        parts = {one.name: tar.extractfile(one) for one in tar}
        return {name: part.read() for name, part in parts.items() if part is not None}


def words(document: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(document)) as word:
        return word.read("word/document.xml").decode()


def test_every_stage_is_in_the_archive(files: dict[str, bytes]) -> None:
    assert {name.split("/")[0] for name in files} == {
        "README.txt", "SHA256SUMS", "codebook", "records", "themes", "transcripts",
    }  # fmt: skip


def test_transcripts_speak_by_pseudonym(files: dict[str, bytes]) -> None:
    said = json.loads(files["transcripts/001.json"])
    speakers = [turn["speaker"] for turn in said["turns"]]
    assert "Hands should stay." in [one["text"] for one in said["turns"][1]["sentences"]]
    assert speakers[-1] == "UNKNOWN" and any(one.startswith("Speaker ") for one in speakers)
    assert "Hands should stay." in words(files["transcripts/001.docx"])


def test_no_label_that_somebody_typed_is_in_it(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        text = words(data) if name.endswith(".docx") else data.decode("utf-8")
        assert SECRET_NAME not in text, name


def test_the_codebook_is_a_table(files: dict[str, bytes]) -> None:
    rows = list(csv.reader(io.StringIO(files["codebook/codes.csv"].decode("utf-8-sig"))))
    assert rows[0] == ["name", "kind", "definition", "codings"] and len(rows) >= 3


def test_themes_and_quotes_are_a_word_file(files: dict[str, bytes]) -> None:
    assert "Hands should stay." in words(files["themes/themes and quotes.docx"])
