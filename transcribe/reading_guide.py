"""Reading an interview guide from a file somebody made elsewhere."""

from secure_storage import BadInput

from .importing import read_import
from .interview_guide import clean_questions


def questions_in(data: bytes, name: str) -> tuple[str, ...]:
    """Give the paragraphs of a document as questions; BadInput where it cannot be read.

    It is read in the guarded child, as all documents are; nothing is stored.
    """
    read = read_import(data, name, kind="document").transcription
    found = clean_questions(
        " ".join(sentence.text for sentence in turn.sentences) for turn in read.turns
    )
    if not found:
        raise BadInput("There is no question in this file. Nothing was changed.")
    return found
