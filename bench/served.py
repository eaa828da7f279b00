"""A real server on a study of its own, and signed-in coders who talk to it over HTTP."""

import http.client
import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from coding import add_code
from secure_storage import FLOOR, Study, create_study, unlock
from transcribe import Sentence, Transcription, Turn, save_transcription, sentences

ROOT = Path(__file__).parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
LEAD, PASSPHRASE = "Ada Lead", "a long enough bench phrase"
CODES = 12
LINES = 250
RUNS = 10
PLACES = (LINES - RUNS) * RUNS * CODES


@dataclass(frozen=True, slots=True)
class Desk:
    """A study with coders and something to code."""

    home: Path
    coders: tuple[str, ...]
    transcript: int
    lines: tuple[int, ...]
    codes: tuple[int, ...]


def prepare(home: Path, coders: int) -> Desk:
    """Make the study; its passphrases cost as little as a header may ask for."""
    create_study(home, "Served", LEAD, PASSPHRASE, cost=FLOOR)
    lead = unlock(home, LEAD, PASSPHRASE)
    try:
        names = tuple(f"Coder {number}" for number in range(coders))
        for name in names:
            _join(lead, name)
        said = tuple(Sentence(f"Sentence {one}.", one * 2.0, one * 2.0 + 1) for one in range(LINES))
        talk = Transcription(language="en", turns=(Turn("SPEAKER_1", said),))
        transcript = save_transcription(lead, talk, title="Group", group=1, recording_id=None)
        codes = tuple(add_code(lead, f"Code {one}", "").id for one in range(CODES))
        lines = tuple(one.id for one in sentences(lead, transcript))
        return Desk(home, names, transcript, lines, codes)
    finally:
        lead.close()


def _join(lead: Study, name: str) -> None:
    once = lead.invite(name, "coder")
    member = unlock(lead.home, name, once)
    member.choose_passphrase(PASSPHRASE)
    member.close()


def start(home: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """Start the server; gives it and its port once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [*FOKUS, "serve", "--home", str(home), "--port", str(port)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return process, port
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("the server did not start") from None
            time.sleep(0.02)


@dataclass(slots=True)
class Browser:
    """One coder's browser: a cookie and a connection that is kept."""

    port: int
    name: str
    cookie: str = ""
    _line: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        """Connect when first asked."""
        self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def sign_in(self) -> None:
        """Sign in by the form."""
        form = urlencode({"name": self.name, "passphrase": PASSPHRASE})
        self._ask("POST", "/sign-in", form, "application/x-www-form-urlencoded")
        if not self.cookie:
            raise RuntimeError(f"{self.name} could not sign in")
        # The server ends connections that are idle while the others sign in.
        self._line.close()

    def post(self, path: str, body: dict[str, object]) -> int:
        """Write; gives the status."""
        return self._ask("POST", path, json.dumps(body), "application/json")

    def _ask(self, method: str, path: str, body: str, kind: str) -> int:
        headers = {"origin": f"http://127.0.0.1:{self.port}", "x-fokus": "1", "content-type": kind}
        headers |= {"cookie": self.cookie} if self.cookie else {}
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        answer.read()
        given = answer.getheader("set-cookie")
        if given:
            self.cookie = given.split(";", 1)[0]
        return answer.status

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def coding(desk: Desk, place: int, set_it: bool, client_id: str) -> dict[str, object]:
    """Say what to write: one of ``PLACES`` (a run of lines, a code), set or cleared."""
    rest, first = divmod(place, LINES - RUNS)
    run, code = rest % RUNS, rest // RUNS % CODES
    return {
        "transcript": desk.transcript, "first": desk.lines[first], "last": desk.lines[first + run],
        "code": desk.codes[code], "set": set_it, "client_id": client_id,
    }  # fmt: skip


def kept(home: Path) -> list[str]:
    """Read which acts the study holds, by the ids that the browsers gave them."""
    study = unlock(home, LEAD, PASSPHRASE)
    try:
        sql = "SELECT client_id FROM events WHERE client_id IS NOT NULL"
        return [row[0] for row in study.db.execute(sql).fetchall()]
    finally:
        study.close()
