"""What all tests share: where Chromium is, and an honest word when it is not there."""

import os
import shutil
from pathlib import Path

import pytest

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
    """Leave the browser tests out where there is no browser, to be named in the summary."""
    if CHROMIUM is not None:
        return
    browser = [item for item in items if item.get_closest_marker("browser")]
    _left_out.extend(item.nodeid for item in browser)
    config.hook.pytest_deselected(items=browser)
    items[:] = [item for item in items if item not in browser]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that this machine could not run."""
    if _left_out:
        terminalreporter.section("could not run: no Chromium (Debian package chromium)")
        for name in _left_out:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Path of the browser."""
    assert CHROMIUM is not None
    return CHROMIUM
