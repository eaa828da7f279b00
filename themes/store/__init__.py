"""The SQL of this stage: themes, their codes, quotes, and what was exported."""

from . import withdrawal as _withdrawal  # noqa: F401  (registers its eraser)
from .excerpts import Reading, excerpts_of_code, excerpts_of_theme
from .overview import Progress, progress
from .quotes import (
    add_quote_to_theme,
    mark_quote,
    quotes,
    remove_quote,
    remove_quote_from_theme,
    set_quote_status,
    unmark_quote,
)
from .themes import (
    add_code,
    add_theme,
    edit_theme,
    list_themes,
    remove_code,
    remove_theme,
    theme,
)

__all__ = [
    "Progress",
    "Reading",
    "add_code",
    "add_quote_to_theme",
    "add_theme",
    "edit_theme",
    "excerpts_of_code",
    "excerpts_of_theme",
    "list_themes",
    "mark_quote",
    "progress",
    "quotes",
    "remove_code",
    "remove_quote",
    "remove_quote_from_theme",
    "remove_theme",
    "set_quote_status",
    "theme",
    "unmark_quote",
]
