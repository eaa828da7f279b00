"""The theme board: our own component, because moving a card must not redraw the page.

It reads and writes through this stage's routes (``api``) and hears of others' moves on
the WebSocket; Streamlit only tells it that something happened on the page.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_WEB = Path(__file__).with_name("web")


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "fokus_board",
        html=(_WEB / "board.html").read_text("utf-8"),
        css=(_WEB / "board.css").read_text("utf-8"),
        js=(_WEB / "board.js").read_text("utf-8"),
    )


def board(head: int, *, may_change: bool, key: str) -> int | None:
    """Draw the board; ``head`` tells it when to read again. Gives the theme just picked."""
    result = _component()(
        key=key,
        data={"head": head, "change": may_change},
        on_picked_change=lambda: None,
        on_moved_change=lambda: None,
    )
    return None if result.picked is None else int(result.picked)
