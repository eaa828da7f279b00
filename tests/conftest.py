"""What all tests share, and an honest word where Chromium or Slurm is not there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from secure_storage import Gate, gate_routes

ROOT = Path(__file__).parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
"""The console command, whether or not its script is on the path."""

CHROMIUM = next(
    (
        Path(found)
        for name in (
            os.environ.get("CHROMIUM", ""),
            "chromium",
            "chromium-browser",
            "google-chrome",
        )
        if name and (found := shutil.which(name))
    ),
    None,
)
_left_out: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the browser tests last: Playwright keeps an event loop running in this thread.

    Where there is no browser, or no Slurm could be started, the tests that need one are left
    out, to be named in the summary.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    there = {"browser": CHROMIUM is not None, "slurm": _slurm_can_be_started()}
    absent = [name for name, is_there in there.items() if not is_there]
    out = [item for item in items if any(item.get_closest_marker(name) for name in absent)]
    if out:
        _left_out.extend(item.nodeid for item in out)
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def _slurm_can_be_started() -> bool:
    """Its daemons are there, and this is root, who may take on a user's groups."""
    groups = Path("/proc/self/setgroups")
    return (
        os.geteuid() == 0
        and (not groups.exists() or groups.read_text().strip() == "allow")
        and all(shutil.which(name) for name in ("slurmctld", "slurmd", "munged", "setpriv"))
    )


@pytest.fixture(scope="session", autouse=True)
def _own_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the models of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOKUS_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that this machine could not run."""
    if _left_out:
        terminalreporter.section(
            "could not run: no Chromium (Debian package chromium), or no Slurm to start "
            "(slurm-wlm and munge, and the rights of root)"
        )
        for name in _left_out:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Path of the browser."""
    assert CHROMIUM is not None
    return CHROMIUM


@dataclass(frozen=True)
class DemoStudy:
    """The demo study as the command left it; ``said`` is what the command printed."""

    home: Path
    said: str

    def passphrase(self, name: str) -> str:
        signs = json.loads((self.home / "demo-sign-ins.json").read_text("utf-8"))
        return next(str(sign["passphrase"]) for sign in signs if sign["name"] == name)


@pytest.fixture(scope="session")
def demo_study(tmp_path_factory: pytest.TempPathFactory) -> DemoStudy:
    """The demo study, built once by its own command."""
    home = tmp_path_factory.mktemp("demo") / "home"
    half = home.with_name(".home.making")
    half.mkdir()
    (half / "study.db").write_bytes(b"half, as an interrupted build leaves it")
    done = subprocess.run(
        [*FOKUS, "demo", "--no-serve", "--home", str(home)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return DemoStudy(home, done.stdout)


@pytest.fixture
def demo_copy(demo_study: DemoStudy, tmp_path: Path) -> DemoStudy:
    """A copy of the demo study, to change at will."""
    shutil.copytree(demo_study.home, tmp_path / "home")
    return DemoStudy(tmp_path / "home", demo_study.said)


Browse = Callable[[str], TestClient]


@pytest.fixture
def browsing() -> Iterator[Callable[[Path, Sequence[BaseRoute]], Browse]]:
    """Serve routes behind the gate; gives what opens a browser and signs a member in."""
    with ExitStack() as stack:

        def serve(home: Path, routes: Sequence[BaseRoute]) -> Browse:
            app = Starlette(
                routes=[*gate_routes(home), *routes], middleware=[Middleware(Gate, home=home)]
            )
            make = partial(
                TestClient, app, base_url="http://fokus.test",
                headers={"origin": "http://fokus.test", "x-fokus": "1"},
            )  # fmt: skip
            first = stack.enter_context(make())

            def open_one(name: str) -> TestClient:
                browser = make()
                browser.portal = first.portal
                given = {"name": name, "passphrase": "correct horse battery"}
                browser.post("/sign-in", data=given)
                return browser

            return open_one

        yield serve
