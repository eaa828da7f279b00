"""Numbers that carry check digits: Norwegian identity numbers and others."""

from typing import Final

_FIRST: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORGANISATION: Final = (3, 2, 7, 6, 5, 4, 3, 2)
_ACCOUNT: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def checked_number(digits: str) -> str:
    """Name what a row of digits is by its check digits; "" when it is nothing known."""
    if len(digits) == 11:
        if is_identity_number(digits):
            return "national identity number"
        if _modulo_eleven(digits, _ACCOUNT):
            return "bank account"
    if len(digits) == 9 and digits[0] in "89" and _modulo_eleven(digits, _ORGANISATION):
        return "organisation number"
    if len(digits) == 10 and _nhs(digits):
        return "NHS number"
    if 13 <= len(digits) <= 19 and _luhn(digits):
        return "card number"
    return ""


def is_identity_number(digits: str) -> bool:
    """Check a Norwegian identity number, D-number (day + 40) or test number (month + 40, + 80).

    Forskrift til folkeregisterloven § 2-2-3: two check digits, modulo 11.
    """
    day, month = int(digits[:2]), int(digits[2:4])
    dated = 1 <= (day - 40 if day > 40 else day) <= 31 and 1 <= month % 40 <= 12 and month < 93
    return dated and _modulo_eleven(digits[:10], _FIRST) and _modulo_eleven(digits, _SECOND)


def _modulo_eleven(digits: str, weights: tuple[int, ...]) -> bool:
    rest = sum(int(one) * weight for one, weight in zip(digits, weights, strict=False)) % 11
    return (11 - rest) % 11 == int(digits[len(weights)])


def _nhs(digits: str) -> bool:
    """England's NHS number: weights 10 to 2, modulo 11 (NHS Data Dictionary)."""
    return _modulo_eleven(digits, tuple(range(10, 1, -1)))


def _luhn(digits: str) -> bool:
    """Payment cards, ISO/IEC 7812-1, annex B."""
    doubled = (int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0
