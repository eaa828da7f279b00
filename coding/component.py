"""The coder: the transcript component with a coding margin."""

from pathlib import Path
from typing import Final

from secure_storage import Study
from transcribe import TranscriptRow, may, on_transcript, shown

_WEB: Final = Path(__file__).with_name("web")


def show_coder(study: Study, row: TranscriptRow) -> None:
    """Draw a transcript to code."""
    on_transcript("coder", _WEB, "coder.js", "coder.css")(
        key="coder", data={**shown(study, row), "may_code": may(study, "code")}
    )
