"""The uploader: our own component, because Streamlit's keeps whole recordings in memory."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from .intake import Target

_WEB = Path(__file__).with_name("web")


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "fokus_upload",
        html=(_WEB / "upload.html").read_text("utf-8"),
        css=(_WEB / "upload.css").read_text("utf-8"),
        js=(_WEB / "upload.js").read_text("utf-8"),
    )


def uploader(label: str, target: Target, *, key: str) -> int | None:
    """Offer an upload; gives the recording's id in the run that follows its end."""
    result = _component()(
        key=key,
        data={
            "label": label,
            "recording": target.recording_id,
            "title": target.title,
            "group": target.group,
            "purpose": target.purpose,
        },
        on_added_change=lambda: None,
    )
    return None if result.added is None else int(result.added)
