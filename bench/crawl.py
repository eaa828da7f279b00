"""Ask every route of the built app without a session, with a dead one, and as a member.

    python -m bench.crawl

Starts a real server over a fresh study, reads the routes off the app itself (ours and
those that Streamlit mounts), adds the paths that a curious neighbour would try, and asks
each with every method. Prints counts by status; whoever has no session must be refused
everywhere but on the allow-list.
"""

import argparse
import http.client
import json
import re
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
NAME, PASSPHRASE = "Crawler", "a long enough bench phrase"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
ALLOWED = frozenset({"/sign-in", "/sign-in/look.css", "/_stcore/health"})
"""All that is answered to somebody without a session."""

GUESSES = (
    "/", "/index.html", "/favicon.png", "/robots.txt", "/static/js/index.js", "/media/",
    "/media/0123456789abcdef.wav", "/component/x/index.html", "/app/static/x",
    "/_stcore/health/", "/_stcore/script-health-check", "/_stcore/metrics?families=x",
    "/_stcore/message", "/_stcore/upload_file/a/b", "/_stcore/bidi-components/x/y.js",
    "/_stcore/allowed-message-origins", "/healthz", "/script-health-check", "/vendor/x.js",
    "/sign-in/", "//sign-in", "/sign-in/../api/board", "/sign-in/look.css/", "/SIGN-IN",
    "/%73ign-in/x", "/_stcore/health/../host-config", "/_stcore/health%2f..%2fmetrics",
    "/api", "/api/", "/api/../audio/1", "/docs", "/openapi.json", "/.streamlit/config.toml",
    "/study", "/recordings", "/transcript", "/coding", "/codebook", "/themes", "/quotes",
    "/export", "/members", "/exports", "/audit", "/erasure",
)  # fmt: skip
"""Paths that are no route of their own: pages, older doors of Streamlit, tricks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request was answered."""

    who: str
    method: str
    path: str
    status: int
    location: str

    @property
    def refused(self) -> bool:
        """Told off, or led to the sign-in page."""
        lead = self.status == 303 and self.location in {"/sign-in", "/first-run"}
        return lead or self.status == (403 if self.method == "socket" else 401)


def paths(home: Path) -> list[str]:
    """Read the paths of all routes off the app, parameters filled in; in a process of its own."""
    code = (
        "import app, json, sys; from pathlib import Path\n"
        "built = app.build(Path(sys.argv[1]))._build_starlette_app()\n"
        "print(json.dumps([getattr(one, 'path', '') or '/' for one in built.routes]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return sorted({re.sub(r"\{[^}]*\}", "1", path) for path in found} | set(GUESSES))


@contextmanager
def served(home: Path) -> Iterator[int]:
    """Serve a home; gives the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [*FOKUS, "serve", "--home", str(home), "--port", str(port)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while True:
            try:
                ask(port, "", "GET", "/_stcore/health")
                break
            except ConnectionError:
                if process.poll() is not None:
                    raise RuntimeError(process.stdout.read()) from None
        yield port
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def ask(
    port: int, cookie: str, method: str, path: str, *, html: bool = False, body: str = ""
) -> tuple[int, dict[str, str]]:
    """Ask once, as our own pages would; gives status and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"origin": f"http://127.0.0.1:{port}", "x-fokus": "1"}
    headers |= {"cookie": cookie} if cookie else {}
    headers |= {"accept": "text/html"} if html else {}
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def upgrade(port: int, cookie: str, path: str) -> int:
    """Ask for a WebSocket; gives the status (101 is open)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {
        "origin": f"http://127.0.0.1:{port}", "connection": "Upgrade", "upgrade": "websocket",
        "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    headers |= {"cookie": cookie} if cookie else {}
    try:
        connection.request("GET", path, None, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def sign_in(port: int) -> str:
    """Sign in; gives the cookie."""
    form = urlencode({"name": NAME, "passphrase": PASSPHRASE})
    _, headers = ask(port, "", "POST", "/sign-in", body=form)
    ((name, morsel),) = SimpleCookie(headers["set-cookie"]).items()
    return f"{name}={morsel.value}"


def crawl(port: int, who: str, cookie: str, asked: Sequence[str]) -> list[Answer]:
    """Ask all paths with all methods, and for a WebSocket at each."""
    answers = []
    for path in asked:
        for method in METHODS:
            for html in (False, True):
                status, headers = ask(port, cookie, method, path, html=html)
                answers.append(Answer(who, method, path, status, headers.get("location", "")))
        answers.append(Answer(who, "socket", path, upgrade(port, cookie, path), ""))
    return answers


def crawled(home: Path) -> list[Answer]:
    """Crawl a study as nobody, with a cookie of a session that ended, and with a made-up one."""
    asked = paths(home)
    with served(home) as port:
        dead = sign_in(port)
        ask(port, dead, "POST", "/sign-out")
        guess = f"{dead.partition('=')[0]}={'x' * 43}"
        return [
            answer
            for who, cookie in (("nobody", ""), ("dead cookie", dead), ("made-up cookie", guess))
            for answer in crawl(port, who, cookie, asked)
        ]


def open_to_nobody(answers: Sequence[Answer]) -> list[Answer]:
    """Pick the answers that should have been refusals."""
    return [one for one in answers if not one.refused and one.path not in ALLOWED]


def main() -> int:
    """Crawl and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    from secure_storage import FLOOR, create_study

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "study"
        create_study(home, "Bench", NAME, PASSPHRASE, cost=FLOOR)
        answers = crawled(home)
    wrong = open_to_nobody(answers)
    print(
        "| who | paths | requests | statuses | open beyond the allow-list |\n|---|--:|--:|---|--:|"
    )
    for who in dict.fromkeys(one.who for one in answers):
        own = [one for one in answers if one.who == who]
        counts = Counter(one.status for one in own)
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
        opened = sum(one.who == who for one in wrong)
        print(f"| {who} | {len({one.path for one in own})} | {len(own)} | {statuses} | {opened} |")
    for one in wrong:
        print(f"OPEN: {one.who} {one.method} {one.path} {one.status} {one.location}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
