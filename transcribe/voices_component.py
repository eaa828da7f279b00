"""The speakers of a transcript to be heard: our own component, for the sound has a route."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .transcript_component import component

_WEB: Final = Path(__file__).with_name("web")
Samples = Mapping[int, tuple[float, float]]
"""By speaker: begin and end, in seconds."""


def show_voices(
    names: Mapping[int, str], samples: Samples, parts: Sequence[Mapping[str, object]]
) -> None:
    """List speakers (names by id), each with a button that plays their sample."""
    voices = [
        {"name": name, "start": start, "end": end}
        for number, name in names.items()
        for start, end in [samples.get(number, (None, None))]
    ]
    component("voices", _WEB, "voices.js", [_WEB / "voices.css"])(
        key="voices", data={"parts": parts, "voices": voices}
    )
