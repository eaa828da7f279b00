"""What a person looks at before anything is stored."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..formats import read_json, write_json
from ..transcript import Transcription
from .parsed import Kind, Note


@dataclass(frozen=True, slots=True)
class Preview:
    """A file from elsewhere, read and not yet kept."""

    transcription: Transcription
    kind: Kind
    form: str
    """The form it is in, named for people."""
    encoding: str
    """How its letters were read; empty where the form settles it."""
    notes: tuple[Note, ...]
    """What was not understood, in the order of the file."""


def write_preview(preview: Preview) -> bytes:
    """Write a preview for ``read_preview`` on the other end of a pipe."""
    values = {
        "transcription": write_json(preview.transcription),
        "kind": preview.kind, "form": preview.form, "encoding": preview.encoding,
        "notes": [asdict(note) for note in preview.notes],
    }  # fmt: skip
    return json.dumps(values).encode()


def read_preview(data: bytes) -> Preview:
    """Read what ``write_preview`` wrote."""
    values: dict[str, Any] = json.loads(data)
    return Preview(
        read_json(values["transcription"]), values["kind"], values["form"], values["encoding"],
        tuple(Note(**note) for note in values["notes"]),
    )  # fmt: skip
