"""The linking store: who a pseudonym is, in an encrypted file of its own.

It has a random root key that the study's does not open, sealed to its custodians and to a
printed kit; custodians in turn cannot read the study. The workbench runs without it. To
the study it gives keyed hashes of the names (``names``) and the fact of a withdrawal.
"""

from .doors import create_linking, open_linking, own_fingerprint, recover_linking
from .linking import Custodian, Linking
from .pseudonyms import Pseudonym, pseudonyms
from .replaced import can_seal, seal_original
from .shared import LinkingState, linking_state
from .store import Original, Person

__all__ = [
    "Custodian",
    "Linking",
    "LinkingState",
    "Original",
    "Person",
    "Pseudonym",
    "can_seal",
    "create_linking",
    "linking_state",
    "open_linking",
    "own_fingerprint",
    "pseudonyms",
    "recover_linking",
    "seal_original",
]
