"""The real workbench, started by its own command, driven in a real browser."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, expect, sync_playwright

ROOT = Path(__file__).parents[2]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    # Else it looks up names at random to learn how the network answers.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A served study."""

    address: str
    home: Path
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_healthy(server: Server, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, server.log.read_text()
        try:
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(server.log.read_text())


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Server]]:
    """Start ``fokus serve`` on a home; only the processes started here are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start(home: Path) -> Server:
        port, log = free_port(), tmp_path_factory.mktemp("log") / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", "import app, sys; sys.exit(app.main())", "serve",
                 "--home", str(home), "--port", str(port)],
                cwd=ROOT, stdout=out, stderr=out, env={**os.environ, "HOME": str(log.parent)},
            )  # fmt: skip
        started.append(process)
        server = Server(f"http://127.0.0.1:{port}", home, log)
        wait_until_healthy(server, process)
        return server

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        # A machine at work takes its time; what is right is seen at once all the same.
        expect.set_options(timeout=15_000)
        yield browser
        browser.close()


@contextlib.contextmanager
def visiting(browser: Browser) -> Iterator[Callable[[Server], Page]]:
    """Open pages, and close them; any request to elsewhere or error of a script fails."""
    contexts: list[BrowserContext] = []
    outside: list[str] = []
    errors: list[str] = []

    def open_page(server: Server) -> Page:
        context = browser.new_context(
            base_url=server.address, viewport={"width": 1440, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        own = (server.address, server.address.replace("http", "ws"), "data:", "blob:")
        page.on(
            "request",
            lambda request: None if request.url.startswith(own) else outside.append(request.url),
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not outside
    assert not errors


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[Server], Page]]:
    """Open a page of a server as a new visitor; any request to elsewhere fails the test."""
    with visiting(browser) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def visit_once(browser: Browser) -> Iterator[Callable[[Server], Page]]:
    """Open pages that all tests of a module share."""
    with visiting(browser) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def sign_in() -> Callable[[Page, str, str], None]:
    """Sign in on the page outside Streamlit."""

    def enter(page: Page, name: str, passphrase: str) -> None:
        page.get_by_label("Name").fill(name)
        page.get_by_label("Passphrase").fill(passphrase)
        page.get_by_role("button", name="Sign in").click()

    return enter


@pytest.fixture(scope="session")
def sound() -> Callable[..., Path]:
    """Write a WAV file of a hum; ``pitch`` is half its turn, in samples."""

    def write(path: Path, seconds: float, pitch: int) -> Path:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            turn = bytes((200, 31)) * pitch + bytes((56, 224)) * pitch
            count = int(16_000 * seconds)
            file.writeframes((turn * (count // len(turn) + 1))[:count])
        return path

    return write


@pytest.fixture(scope="session")
def choose() -> Callable[[Page, str], None]:
    """Choose a transcript by its title."""

    def pick(page: Page, title: str) -> None:
        # A redraw of the page shuts an open list: open it again.
        for _ in range(10):
            page.get_by_role("combobox", name="Transcript").click()
            with contextlib.suppress(TimeoutError):
                page.get_by_role("option", name=title).click(timeout=3000)
                return
        raise AssertionError(f"no option {title}")

    return pick
