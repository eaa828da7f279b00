"""A head of the journal as twelve words, so that people can compare it with paper."""

from functools import cache

from mnemonic import Mnemonic


def anchor_words(head: bytes) -> str:
    """Give the first 128 bits of a head as 12 words of the English BIP39 list.

    The last word carries a checksum of four bits, so most slips of the pen show.
    """
    return _list().to_mnemonic(head[:16])


@cache
def _list() -> Mnemonic:
    return Mnemonic("english")
