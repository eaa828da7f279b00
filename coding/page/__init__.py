"""The pages of this stage."""

from .codebook import codebook_page
from .coding import coding_page

__all__ = ["codebook_page", "coding_page"]
