"""Exports as age files (age-encryption.org/v1): for people outside, who have other tools."""

from collections.abc import Sequence
from typing import Final

import pyrage  # type: ignore[import-untyped]

from ..errors import BadInput, FokusError
from ..study import Study
from . import store
from .given import read_export

MOST: Final = 20
LEAST_PASSPHRASE: Final = 12
_SECRET: Final = "AGE-SECRET-KEY-"


def export_as_age(
    study: Study, export_id: int, recipients: Sequence[str] = (), passphrase: str = ""
) -> bytes:
    """Encrypt a released file to public keys, or under a passphrase; put that on record.

    Keys are age's own (``age1…``) or SSH's (``ssh-ed25519 …``, ``ssh-rsa …``). The two ways
    cannot be mixed: whoever knew the passphrase could pass for the holder of a key.
    """
    study.require("release")
    keys = [_key(text, number) for number, text in enumerate(_lines(recipients), 1)]
    if bool(keys) == bool(passphrase):
        raise BadInput("Name either the recipients' keys or a passphrase, one of the two.")
    if passphrase and len(passphrase) < LEAST_PASSPHRASE:
        raise BadInput(f"A passphrase has at least {LEAST_PASSPHRASE} characters.")
    data = read_export(study, export_id)
    try:
        if passphrase:
            sealed: bytes = pyrage.passphrase.encrypt(data, passphrase)
        else:
            sealed = pyrage.encrypt(data, keys)
    except pyrage.EncryptError:
        raise FokusError("The age file could not be made. Check the recipients' keys.") from None
    with study.change("release") as change:
        store.mark_age(change, export_id)
        change.record(
            "read.exported",
            f"export:{export_id}",
            after={"age": True, "recipients": len(keys), "size": len(sealed)},
        )
    return sealed


def _lines(recipients: Sequence[str]) -> list[str]:
    lines = [" ".join(one.split()) for one in recipients]
    found = list(dict.fromkeys(one for one in lines if one))
    if len(found) > MOST:
        raise BadInput(f"An age file is for at most {MOST} recipients.")
    return found


def _key(text: str, number: int) -> "pyrage.x25519.Recipient | pyrage.ssh.Recipient":
    if text.upper().startswith(_SECRET) or "PRIVATE KEY" in text:
        raise BadInput(
            f"Recipient {number} is a secret key, which only its owner may have. Ask for the "
            "public key, which begins with age1, and tell the owner to make a new pair."
        )
    try:
        if text.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(text)
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise BadInput(
            f"Recipient {number} is not a public key that age knows. It begins with age1, "
            "ssh-ed25519 or ssh-rsa; have it sent again, whole."
        ) from None
