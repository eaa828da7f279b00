"""Looking for what must not be there: bytes, decrypted pages, words in files of any form."""

import io
import json
import random
import subprocess
import zipfile
from pathlib import Path

import pytest

from secure_storage import DamagedFile, Study, keys
from secure_storage.erasure.search import Needles, decrypted_pages, spellings
from secure_storage.erasure.words import Words, mentions, unquoted, without

SAID = "I never wanted a machine to lift my mother"


def test_needles_are_found_wherever_they_stand_and_nowhere_else() -> None:
    chance = random.Random(7)
    hay = chance.randbytes(200_000)
    there = {hay[place : place + size] for place, size in ((0, 12), (70_001, 40), (199_968, 32))}
    absent = {chance.randbytes(16) for _ in range(50)}
    needles = Needles(there | absent)
    assert needles.found(hay) == there
    for size in (1, 7, 1000, 65_536):
        pieces = (hay[start : start + size] for start in range(0, len(hay), size))
        if size > 1:
            assert needles.found_in(pieces) == there


def test_needles_agree_with_a_plain_search_of_random_texts() -> None:
    chance = random.Random(11)
    for _ in range(200):
        hay = bytes(chance.choices(b"abc", k=300))
        sought = {bytes(chance.choices(b"abc", k=chance.randint(4, 8))) for _ in range(20)}
        assert Needles(sought).found(hay) == {one for one in sought if one in hay}


def test_no_needles_find_nothing() -> None:
    assert Needles([]).found(b"anything") == set()
    assert Needles([b"ab"]).found_in([b"", b"ab"]) == set()


def test_a_text_is_known_in_json_and_xml() -> None:
    forms = spellings('Å said "no" & left')
    assert json.dumps({"text": 'Å said "no" & left'}).encode().find(
        next(one for one in forms if b"\\u00c5" in one)
    ) > 0  # fmt: skip
    assert "Å said &quot;no&quot; &amp; left".encode() in forms


def pages(study: Study) -> bytes:
    core = study._core
    with core._connections.in_turn() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    copy = io.BytesIO(read_elsewhere(study.home / "study.db"))
    return b"".join(decrypted_pages(copy, keys.derived(core.root, "database")))


def read_elsewhere(path: Path) -> bytes:
    # By another process: closing the file here would drop SQLite's locks on it.
    return subprocess.run(["cat", str(path)], stdout=subprocess.PIPE, check=True).stdout


def test_the_pages_of_the_database_are_decrypted_free_ones_too(study: Study) -> None:
    assert study.title.encode() in pages(study)
    assert b"CREATE TABLE sentences" in pages(study)
    with study.change() as change:
        change.db.execute("PRAGMA secure_delete = OFF")
        change.db.execute("CREATE TABLE note (text TEXT) STRICT")
        change.db.execute("INSERT INTO note VALUES (?)", [SAID])
        change.record("test.noted", "note")
    assert SAID.encode() in pages(study)
    with study.change() as change:
        change.db.execute("DROP TABLE note")
        change.record("test.dropped", "note")
    # Gone from every table, and still there for whoever reads the file: a true search.
    assert SAID.encode() in pages(study)


def test_a_wrong_key_is_no_clean_search(study: Study) -> None:
    data = io.BytesIO(read_elsewhere(study.home / "study.db"))
    with pytest.raises(DamagedFile, match="could not be decrypted"):
        list(decrypted_pages(data, bytes(32)))
    with pytest.raises(DamagedFile):
        list(decrypted_pages(io.BytesIO(b""), bytes(32)))


def packed(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "held"),
    [
        (f"Quote: «{SAID}»".encode(), True),
        (b"...never wanted a machine to lift...", True),
        (b"never wanted a machine", False),
        (packed("<w:document><w:t>I never wan</w:t><w:t>ted a machine to lift</w:t></w:document>"),
         True),
        (packed("<w:document><w:t>Something else was said by somebody.</w:t></w:document>"), False),
        (json.dumps({"a": ["Å", SAID]}).encode(), True),
        (b"age-encryption.org/v1\n...", True),
        (b"PK\x03\x04 an archive that is damaged", True),
        (b"", False),
    ],
)  # fmt: skip
def test_a_file_is_known_to_hold_their_words(data: bytes, held: bool) -> None:
    assert Words([SAID, "Mm."]).in_file(data) == held


def test_short_sentences_count_whole() -> None:
    words = Words(["It was the hands.", "Yes."])
    assert words.stand_in("she said it was the hands, twice")
    assert not words.stand_in("it was the machine. yes.")
    assert words.stand_in("it_was_the_hands.docx")


def test_a_long_text_of_two_words_counts_as_it_stands() -> None:
    words = Words(["Overwhelmingly frightening."])
    assert words.stand_in("she said: Overwhelmingly frightening.")
    assert words.in_file(packed("<w:t>Overwhelmingly fright</w:t><w:t>ening.</w:t>"))
    assert not words.stand_in("overwhelmingly loud, frightening")


def test_a_pseudonym_counts_as_a_word_of_its_own() -> None:
    assert mentions("Kari", "As Kari's mother said") and not mentions("Kari", "Karin said")
    assert not mentions("", "anything")
    assert mentions("Kari", "Kari_quotes.docx") and mentions("P1", "quotes_P1.docx")
    assert without("Kari", "withdrawn 3", "Kari and Karin") == "withdrawn 3 and Karin"
    assert without("P1", "withdrawn 3", "P1, P12 and (P1)") == "withdrawn 3, P12 and (withdrawn 3)"


def test_whole_sentences_are_unquoted_longest_first() -> None:
    texts = {"the hands were warm", "I said the hands were warm", "Mm."}
    assert unquoted(texts, "«I said the hands were warm» Mm.") == "«[withdrawn]» Mm."
