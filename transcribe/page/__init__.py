"""The pages of this stage."""

from .recordings import recordings_page
from .transcript import transcript_page

__all__ = ["recordings_page", "transcript_page"]
