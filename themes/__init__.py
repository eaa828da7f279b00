"""Themes: from codes to themes, from segments to quotes, and out to a document."""

from . import archiving as _archiving  # noqa: F401  (registers what it archives)
from .attribution import Voice, attributions
from .export import export_manuscript, gather
from .naming import nudge
from .store import (
    add_code,
    add_quote_to_theme,
    add_theme,
    edit_theme,
    excerpts_of_code,
    excerpts_of_theme,
    list_themes,
    mark_quote,
    quotes,
    remove_code,
    remove_quote,
    remove_quote_from_theme,
    remove_theme,
    set_quote_status,
    theme,
    unmark_quote,
)
from .theme import STATUSES, Excerpt, Line, Quote, Status, Theme, printed

__all__ = [
    "STATUSES",
    "Excerpt",
    "Line",
    "Quote",
    "Status",
    "Theme",
    "Voice",
    "add_code",
    "add_quote_to_theme",
    "add_theme",
    "attributions",
    "edit_theme",
    "excerpts_of_code",
    "excerpts_of_theme",
    "export_manuscript",
    "gather",
    "list_themes",
    "mark_quote",
    "nudge",
    "printed",
    "quotes",
    "remove_code",
    "remove_quote",
    "remove_quote_from_theme",
    "remove_theme",
    "set_quote_status",
    "theme",
    "unmark_quote",
]
