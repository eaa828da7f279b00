"""No word a person writes is in any file but the encrypted ones (``bench.canary``, smaller)."""

from pathlib import Path

import pytest

from bench import canary


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole path, gone once: from import and transcription to export, with mistakes."""
    work = tmp_path_factory.mktemp("canary")
    canary.run(work, 200)
    return work


def test_no_file_holds_a_word(gone: Path) -> None:
    result = canary.search(gone)
    assert result.found == ()
    assert result.control >= 200
    assert result.files > 10
    assert {path.name for path in canary.walked(gone)} >= {
        "study.db", "linking.db", "study.json", "server.log", "printed.log", "manifest.json",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["kanari0123456789abcdef", "Kanarilead"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_word_that_slipped_would_be_found(gone: Path, text: str, encoding: str) -> None:
    slipped = gone / "home" / "jobs" / "progress"
    slipped.write_bytes(b"\x00\xff" + text.encode(encoding) + b"\x00")
    try:
        assert canary.search(gone).found == ("home/jobs/progress: 1",)
    finally:
        slipped.unlink()


def test_what_was_released_may_hold_words(gone: Path) -> None:
    released = list((gone / "home" / "exports").iterdir())
    assert released
    assert not set(released) & set(canary.walked(gone))
