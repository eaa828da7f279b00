"""Names of participants: their written forms, and finding them without knowing them.

The study holds only keyed hashes of the forms, published by the linking store. So whoever
works on the study can be told that a text names a participant, and where, but cannot list
the names. (Who can try names out can still test a guess, and with the hashes of
what may be heard wrongly, whether it is nearly right; that is what checking means.)
"""

from .finding import Finder, NameCheck, check, finder, places
from .forms import Form, contact_forms, folded, forms_of, name_forms
from .store import Published, publish, published, stands, withdraw
from .terms import finder_of, term_finder, term_hashes, term_marks

__all__ = [
    "Finder",
    "Form",
    "NameCheck",
    "Published",
    "check",
    "contact_forms",
    "finder",
    "finder_of",
    "folded",
    "forms_of",
    "name_forms",
    "places",
    "publish",
    "published",
    "stands",
    "term_finder",
    "term_hashes",
    "term_marks",
    "withdraw",
]
