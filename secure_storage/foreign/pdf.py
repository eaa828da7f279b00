"""The text of a PDF, page by page; run it inside ``guarded``."""

import io
import json
from typing import BinaryIO, Final

from ..errors import BadInput
from .child import still_alive

MOST_PAGES: Final = 2000


def prepare() -> None:
    """Load the library."""
    import pypdf  # noqa: F401


def read_pdf(stream: BinaryIO, setting: str) -> bytes:
    """Give the pages' texts as a JSON list of strings; scripts, links and files stay unread."""
    import pypdf
    from pypdf.errors import PyPdfError

    try:
        document = pypdf.PdfReader(io.BytesIO(stream.read()), strict=False)
        if document.is_encrypted:
            raise BadInput("This PDF is protected by a password. Save it without one first.")
        if len(document.pages) > MOST_PAGES:
            raise BadInput(f"This PDF has more than {MOST_PAGES} pages. Split it first.")
        texts = []
        for page in document.pages:
            texts.append(page.extract_text())
            still_alive()
    except BadInput:
        raise
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, OSError, RuntimeError,
            TypeError, ValueError):  # fmt: skip
        # The library meets damage in many places and does not always name it its own way.
        raise BadInput("This PDF is damaged. Print it to a new PDF and try that.") from None
    if not any(text.strip() for text in texts):
        raise BadInput("This PDF holds no text, only pictures of it. Find it as text.")
    return json.dumps(texts).encode()
