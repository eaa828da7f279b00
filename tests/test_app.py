"""The command line in child processes, and the frame around the pages."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import app
import secure_storage
import transcribe
from secure_storage import (
    FLOOR,
    DiskFull,
    NotSignedIn,
    Role,
    Study,
    create_study,
    held,
    unlock,
)

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
OWN = "the own words of Bo"
ROOT = Path(__file__).parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
HEAVY = ("torch", "whisper", "pyannote", "spacy", "docx", "openpyxl", "resemblyzer", "librosa")
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_study(tmp_path / "home", "Home care", LEAD, PASSPHRASE, cost=FLOOR)
    return tmp_path / "home"


@pytest.fixture
def draw(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Role], AppTest]]:
    """Draw the app for a member of a role, as the gate would hand the study over."""
    lead = unlock(home, LEAD, PASSPHRASE)
    studies: list[Study] = [lead]

    def drawn(role: Role) -> AppTest:
        if role != "lead":
            member = unlock(home, "Bo", lead.invite("Bo", role))
            studies.append(member)
            member.choose_passphrase(OWN)
        monkeypatch.setattr(secure_storage, "web_session", lambda headers: studies[-1])
        return AppTest.from_function(_draw, default_timeout=60).run()

    yield drawn
    for study in reversed(studies):
        study.close()


def _draw() -> None:
    import app

    app.draw()


def texts(page: AppTest) -> str:
    return " ".join(one.value for one in page.text).replace("\n", " ")


def links(page: AppTest) -> str:
    return " ".join(one.proto.body for one in page.get("html"))


def test_every_page_says_who_is_signed_in_and_lets_them_out(
    draw: Callable[[Role], AppTest],
) -> None:
    page = draw("reader")
    assert not page.exception and page.title[0].value == "Overview"
    assert "Bo" in texts(page) and 'href="/sign-out"' in links(page)


def test_a_custodian_is_told_what_the_role_keeps(draw: Callable[[Role], AppTest]) -> None:
    page = draw("custodian")
    assert not page.exception and page.title[0].value == "Linking store"
    assert "There is no linking store yet" in page.caption[0].value
    assert 'href="/sign-out"' in links(page) and 'href="/passphrase"' in links(page)


@pytest.mark.parametrize("kind", [DiskFull, NotSignedIn])
def test_what_goes_wrong_around_a_page_is_said_in_plain_words(
    draw: Callable[[Role], AppTest], monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def failing(study: Any) -> None:
        raise kind("What *happened*, and what to do.")

    monkeypatch.setattr(transcribe, "tend", failing)
    page = draw("lead")
    assert not page.exception and not page.error
    assert texts(page) == "What *happened*, and what to do."
    assert 'href="/sign-out"' in links(page)


def fokus(*arguments: str | Path, passphrase: str | None = None) -> Done:
    """Run the command; the passphrase comes through a pipe, or is never given."""
    asked, given = os.pipe()
    try:
        if passphrase is not None:
            os.write(given, f"{passphrase}\n".encode())
        return subprocess.run(
            [*FOKUS, *(str(one).replace("{fd}", str(asked)) for one in arguments)],
            capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
            stdin=subprocess.DEVNULL, pass_fds=[asked],
        )  # fmt: skip
    finally:
        os.close(asked)
        os.close(given)


def refused(done: Done, words: str) -> bool:
    """It failed, said why on one line, and showed nothing of its inside."""
    said = done.stderr
    return done.returncode == 1 and said.startswith("fokus: ") and words in said and (
        "Traceback" not in said
    )  # fmt: skip


def test_a_study_is_created_and_a_member_invited(tmp_path: Path) -> None:
    home = tmp_path / "home"
    by_hand = ("--home", home, "--lead", LEAD, "--passphrase-fd", "{fd}")
    made = fokus("study", "create", "--title", "Home care", *by_hand, passphrase=PASSPHRASE)
    assert made.returncode == 0, made.stderr
    assert PASSPHRASE not in made.stdout
    again = fokus("study", "create", "--title", "Home care", *by_hand, passphrase=PASSPHRASE)
    assert refused(again, "There is a study")
    invite = ("member", "invite", "Bo", "--role", "coder", *by_hand)
    assert refused(fokus(*invite, passphrase="wrong wrong wrong"), "passphrase")
    done = fokus(*invite, passphrase=PASSPHRASE)
    assert done.returncode == 0, done.stderr
    once = done.stdout.splitlines()[0].rpartition(": ")[2]
    member = unlock(home, "Bo", once)
    assert (member.member.role, member.first_sign_in) == ("coder", True)
    member.close()


def test_whoever_invites_hears_of_the_server_before_typing_a_passphrase(home: Path) -> None:
    with held(home):
        done = fokus(
            "member", "invite", "Bo", "--role", "coder", "--home", home, "--passphrase-fd", "{fd}"
        )
    assert refused(done, f"in use by process {os.getpid()}")


def test_a_passphrase_that_is_too_short_makes_no_study(tmp_path: Path) -> None:
    done = fokus(
        "study", "create", "--home", tmp_path / "home", "--title", "T", "--lead", LEAD,
        "--passphrase-fd", "{fd}", passphrase="short",
    )  # fmt: skip
    assert refused(done, "12") and not (tmp_path / "home" / "study.json").exists()


def test_nobody_at_the_keyboard_stops_the_command(tmp_path: Path) -> None:
    done = fokus("study", "create", "--home", tmp_path / "home")
    assert done.returncode == 130 and "Traceback" not in done.stderr


def test_serving_on_a_taken_port_is_refused(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = fokus("serve", "--home", home, "--port", str(taken.getsockname()[1]))
    assert refused(done, "is in use by another program. Choose another with --port")


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("study", "create", "--title", "T", "--lead", LEAD)]
)
@pytest.mark.parametrize("place", ["a file", "a file/home", "/proc/nowhere"])
def test_a_folder_that_cannot_be_is_told(
    tmp_path: Path, command: tuple[str, ...], place: str
) -> None:
    (tmp_path / "a file").write_text("mine")
    more = ("--passphrase-fd", "{fd}") if command[0] == "study" else ()
    done = fokus(*command, *more, "--home", tmp_path / place, passphrase=PASSPHRASE)
    assert refused(done, Path(place).name if place == "/proc/nowhere" else "a file")
    assert "Errno" not in done.stderr


def test_a_fault_of_ours_is_told_by_kind_and_place_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*given: object) -> Any:
        raise ValueError("words of a participant")

    monkeypatch.setattr(secure_storage, "read_settings", failing)
    assert app.main(["serve"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("fokus: a fault of ours: ValueError at test_app.py:")
    assert "participant" not in said and "Traceback" not in said


def test_the_doctor_answers_with_its_exit_code(home: Path) -> None:
    home.chmod(0o755)
    done = fokus("doctor", "--home", home)
    assert done.returncode == 1
    assert "FAIL  who can open the study folder" in done.stdout
    home.chmod(0o700)
    done = fokus("doctor", "--home", home)
    assert "ok    who can open the study folder" in done.stdout
    assert done.returncode == ("FAIL" in done.stdout)


def test_transcribing_what_is_not_there_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "some.pt"
    model.write_bytes(b"model")
    done = fokus("transcribe", tmp_path / "none.wav", "--model", model)
    assert refused(done, "There is no file")
    done = fokus("transcribe", tmp_path / "none.wav", "--model", "unheard-of")
    assert refused(done, "There is no model «unheard-of»")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.pt"]


def test_drawing_the_study_loads_no_heavy_library(home: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
import secure_storage
study = secure_storage.unlock(Path(sys.argv[1]), {LEAD!r}, {PASSPHRASE!r})
secure_storage.web_session = lambda headers: study
page = AppTest.from_string("import app; app.draw()", default_timeout=60).run()
assert not page.exception, page.exception
print(page.title[0].value, [name for name in {HEAVY!r} if name in sys.modules])
study.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout.strip() == "Overview []", done.stderr
