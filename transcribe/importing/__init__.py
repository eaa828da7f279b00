"""Transcripts and documents that were made elsewhere: read in a process of their own.

The file is a stranger's, and cutting sentences needs spaCy: neither belongs in the
process that serves pages and holds the study's keys. A guarded child is given the bytes
and answers with what a person looks at first; nothing touches the disk.
"""

from typing import Final

from secure_storage import BadInput, guarded

from ..languages import NAMES
from .parsed import Kind, Note
from .preview import Preview, read_preview

ENDINGS: Final = (
    "vtt", "srt", "txt", "docx", "odt", "pdf", "md", "otr", "json", "html", "rttm", "stm",
)  # fmt: skip
"""Of the names of files that can be imported, the commonest first."""
MOST_BYTES: Final = 20 << 20
_SAME: Final = {"htm": "html", "markdown": "md", "text": "txt"}


def read_import(data: bytes, name: str, language: str = "en", kind: Kind | None = None) -> Preview:
    """Read a file into turns and sentences, or say what is wrong with it.

    ``name`` is the file's, for its ending; ``language`` a code of ``languages.NAMES``, for
    where sentences end; ``kind`` None finds out whether people talk in it. BadInput where it
    cannot be read. Nothing is stored: ``save_import`` does that.
    """
    if len(data) > MOST_BYTES:
        raise BadInput("This is too large to be a transcript (more than 20 MB).")
    ending = name.rpartition(".")[2].lower()
    ending = _SAME.get(ending, ending)
    if ending not in ENDINGS:
        raise BadInput(
            f"Files of this kind cannot be imported. Save it as one of: {', '.join(ENDINGS)}."
        )
    if language not in NAMES:
        raise BadInput("Choose the language that is spoken.")
    setting = f"{ending}:{language}:{kind or ''}"
    return read_preview(guarded("transcribe.importing.child:parse", [data], setting=setting))


__all__ = ["ENDINGS", "Kind", "Note", "Preview", "read_import"]
