"""The pages of this stage: overview, themes, quotes, export."""

from .export import export_page
from .overview import study_page
from .quotes import quotes_page
from .themes import themes_page

__all__ = ["export_page", "quotes_page", "study_page", "themes_page"]
