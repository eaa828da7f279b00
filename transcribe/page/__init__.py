"""The pages of this stage."""

from .group import group_page
from .participants import participants_page
from .pseudonymise import pseudonymise_page
from .recordings import recordings_page
from .transcript import transcript_page

__all__ = [
    "group_page",
    "participants_page",
    "pseudonymise_page",
    "recordings_page",
    "transcript_page",
]
