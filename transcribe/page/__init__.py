"""The pages of this stage."""

from .participants import participants_page
from .recordings import recordings_page
from .transcript import transcript_page

__all__ = ["participants_page", "recordings_page", "transcript_page"]
