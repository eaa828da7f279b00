"""Wrong passphrases: waits that grow, per name, and outlive the server."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import FokusError, WrongPassphrase
from secure_storage import sessions as table
from secure_storage.sessions import Sessions
from secure_storage.tries import FILE, FORGOTTEN, LONGEST, MOST_STRANGERS, TooManyTries, Tries


@pytest.fixture
def now() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def tries(tmp_path: Path, now: list[float]) -> Tries:
    return Tries(tmp_path, lambda: now[0])


def waits(tries: Tries, tag: str) -> int:
    """Seconds that the name has to wait now."""
    try:
        tries.check(tag)
    except TooManyTries as error:
        assert str(error.seconds) in str(error)
        return error.seconds - 1
    return 0


@pytest.mark.parametrize("member", [True, False])
def test_the_wait_doubles_up_to_its_longest(tries: Tries, now: list[float], member: bool) -> None:
    seen = []
    for _ in range(14):
        tries.failed("a", member=member)
        seen.append(waits(tries, "a"))
        now[0] += LONGEST
        assert waits(tries, "a") == 0
    assert seen == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert waits(tries, "b") == 0


def test_a_restart_forgives_nothing(tries: Tries, now: list[float], tmp_path: Path) -> None:
    for _ in range(5):
        tries.failed("a", member=True)
        tries.failed("stranger", member=False)
    after = Tries(tmp_path, lambda: now[0])
    assert waits(after, "a") == 4
    assert "stranger" not in (tmp_path / FILE).read_text()
    after.succeeded("a")
    assert waits(Tries(tmp_path, lambda: now[0]), "a") == 0
    assert json.loads((tmp_path / FILE).read_text()) == {}
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_clock_that_was_set_back_lengthens_nothing(
    tries: Tries, now: list[float], tmp_path: Path
) -> None:
    for _ in range(5):
        tries.failed("a", member=True)
    now[0] -= 10**6
    assert waits(tries, "a") == 4
    now[0] += 3
    assert waits(tries, "a") == 1
    now[0] += 1
    assert waits(tries, "a") == 0
    assert waits(Tries(tmp_path, lambda: now[0]), "a") == 0, "a restart knows of it"


def test_a_stranger_waits_alike_after_the_clock_was_set_back(
    tries: Tries, now: list[float]
) -> None:
    for _ in range(5):
        tries.failed("a", member=False)
    now[0] -= 10**6
    assert waits(tries, "a") == 4
    now[0] += 4
    assert waits(tries, "a") == 0


def test_a_day_later_all_is_forgotten(tries: Tries, now: list[float]) -> None:
    for _ in range(9):
        tries.failed("a", member=True)
    now[0] += FORGOTTEN
    tries.failed("a", member=True)
    assert waits(tries, "a") == 0


def test_a_flood_of_names_is_bounded_and_frees_no_member(tries: Tries, tmp_path: Path) -> None:
    for _ in range(5):
        tries.failed("a", member=True)
    for number in range(MOST_STRANGERS + 50):
        tries.failed(f"stranger {number}", member=False)
    assert waits(tries, "a") == 4
    assert len(tries._strangers) == MOST_STRANGERS
    assert list(json.loads((tmp_path / FILE).read_text())) == ["a"]


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"a": 3}', b'{"a": ["x", "y"]}', b"\xff"])
def test_a_spoilt_file_keeps_nobody_out(tmp_path: Path, spoilt: bytes) -> None:
    (tmp_path / FILE).write_bytes(spoilt)
    tries = Tries(tmp_path)
    tries.check("a")
    tries.failed("a", member=True)


def test_a_full_disk_still_counts(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path) -> None:
        raise FokusError("full")

    monkeypatch.setattr("secure_storage.tries.replacing", full)
    for _ in range(3):
        tries.failed("a", member=True)
    assert waits(tries, "a") == 1
    assert "wrong tries were not written: FokusError" in caplog.text


def test_many_guesses_at_once_count_like_a_row_of_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(home)
    tried: list[str] = []
    refused: list[type[Exception]] = []
    start = threading.Barrier(6)

    def counting(home: Path, name: str, passphrase: str, code: str = "") -> None:
        tried.append(passphrase)
        raise WrongPassphrase("wrong")

    monkeypatch.setattr(table, "unlock", counting)

    def guess(number: int) -> None:
        start.wait()
        try:
            sessions.sign_in("Ada Lead", f"guess {number}")
        except FokusError as error:
            refused.append(type(error))

    threads = [threading.Thread(target=guess, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tried) == 3
    assert sorted(kind.__name__ for kind in refused) == (
        ["TooManyTries"] * 3 + ["WrongPassphrase"] * 3
    )


def test_the_one_time_code_reaches_the_study(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def noting(home: Path, name: str, passphrase: str, code: str = "") -> None:
        given.append(code)
        raise WrongPassphrase("wrong")

    monkeypatch.setattr(table, "unlock", noting)
    ask: Callable[..., str] = Sessions(home).sign_in
    for code in ("", "123456"):
        with pytest.raises(WrongPassphrase):
            ask("Ada Lead", "the passphrase", code)
    assert given == ["", "123456"]
