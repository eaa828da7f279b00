"""Hostile texts in the real browser: nothing runs, nothing leaves, everything is shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from bench import hostile

pytestmark = pytest.mark.browser


def test_hostile_texts_are_shown_and_do_nothing(
    serve: Callable[[Path], Any], browser: Browser, tmp_path: Path
) -> None:
    watch = hostile.Watch()
    with hostile.world(watch) as port:
        # Or else that nothing was counted would mean nothing.
        assert hostile.alarm_works(browser, port, watch)
        some = hostile.texts(port)[::5]
        let_in = hostile.build(tmp_path / "home", some)
        server = serve(tmp_path / "home")
        hostile.visit_all(browser, server.address, watch, some)
    assert len(some) == 40
    assert let_in["sentence"] == watch.drawn == len(some)
    assert min(let_in.values()) >= len(some) - 5
    assert watch.scripts == []
    assert watch.outside == []
    assert watch.hits == []
    assert watch.stopped == []


def test_there_are_two_hundred_different_texts() -> None:
    assert len(set(hostile.texts(1))) == 200
