"""Saying what went wrong, or went well, without ever reading data as markdown."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from secure_storage import FokusError

from ..store import RecordingRow

_WIDTH = 110


@contextmanager
def told() -> Iterator[None]:
    """Show what goes wrong in the block, and go on with the page."""
    try:
        yield
    except FokusError as error:
        trouble(str(error))


def trouble(message: str) -> None:
    """Show an error message as plain text."""
    with st.container(border=True):
        st.caption(":material/error: This did not work")
        st.text(textwrap.fill(message, _WIDTH))


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def labels(rows: Sequence[RecordingRow]) -> dict[int, str]:
    """What recordings are called in a list to choose from; no two alike."""
    often = Counter(row.title for row in rows)
    return {
        row.id: row.title if often[row.title] == 1 else f"{row.title} (number {row.id})"
        for row in rows
    }
