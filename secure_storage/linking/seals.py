"""``linking.json``: the linking store's root key, sealed to each custodian and to a kit.

It names nobody: a custodian is a member's number. Like ``study.json`` it carries a MAC
under the root it seals and a revision number that the databases remember.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .. import keys
from ..errors import DamagedFile

KIT: Final = 0
"""Stands for the recovery kit where a seal says whose it is; members count from 1."""
_SIZES: Final = (32, 32 + 12 + 32 + 16)


@dataclass(frozen=True, slots=True)
class Seal:
    """The root key, sealed to one public key."""

    whose: int
    public: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Seals:
    """What ``linking.json`` says."""

    study_id: str
    revision: int
    seals: tuple[Seal, ...]

    def of(self, whose: int) -> Seal | None:
        """Give the seal of a member, or of the kit."""
        return next((one for one in self.seals if one.whose == whose), None)

    def custodians(self) -> frozenset[int]:
        """Number the members it is sealed to."""
        return frozenset(one.whose for one in self.seals) - {KIT}

    def sealed_to(self, whose: int, public: bytes, root: bytes) -> "Seals":
        """Seal to one more, or anew."""
        others = tuple(one for one in self.seals if one.whose != whose)
        about = _about(self.study_id, whose, public)
        seal = Seal(whose, public, keys.seal_to(public, root, about))
        return replace(self, revision=self.revision + 1, seals=(*others, seal))

    def without(self, whose: int) -> "Seals":
        """Drop a seal; whoever had it may know the present root."""
        left = tuple(one for one in self.seals if one.whose != whose)
        return replace(self, revision=self.revision + 1, seals=left)

    def resealed(self, root: bytes) -> "Seals":
        """Seal another root to all that are left."""
        made = Seals(self.study_id, self.revision, ())
        for one in self.seals:
            made = made.sealed_to(one.whose, one.public, root)
        return replace(made, revision=self.revision + 1)

    def opened(self, whose: int, secret: X25519PrivateKey) -> bytes | None:
        """Give the root to the holder of a seal's secret key; None if it is not theirs."""
        seal, public = self.of(whose), secret.public_key().public_bytes_raw()
        if seal is None or not hmac.compare_digest(seal.public, public):
            return None
        try:
            return keys.open_sealed(secret, seal.root, _about(self.study_id, whose, public))
        except (InvalidTag, ValueError):
            raise DamagedFile(ALTERED) from None


def to_json(seals: Seals, root: bytes) -> bytes:
    """Write the file, with its MAC."""
    body = _body(seals)
    return json.dumps({**body, "mac": _mac(body, root)}, indent=1).encode()


def from_json(data: bytes) -> tuple[Seals, str]:
    """Read the file; its MAC can be checked only once the root is known."""
    try:
        body = json.loads(data)
        if body["format"] != 1:
            raise DamagedFile(
                "The linking store was made by a newer version of Fokus. Use that version."
            )
        seals = tuple(
            Seal(int(one["whose"]), bytes.fromhex(one["public"]), bytes.fromhex(one["root"]))
            for one in body["seals"]
        )
        if any((len(one.public), len(one.root)) != _SIZES for one in seals):
            raise DamagedFile(ALTERED)
        return Seals(str(body["study"]), int(body["revision"]), seals), str(body["mac"])
    except (ValueError, KeyError, TypeError):
        raise DamagedFile(ALTERED) from None


def check_mac(seals: Seals, mac: str, root: bytes) -> None:
    """Refuse a file that was altered by somebody without the root."""
    if not hmac.compare_digest(_mac(_body(seals), root).encode(), mac.encode()):
        raise DamagedFile(ALTERED)


def fingerprint(public: bytes) -> str:
    """Give a public key in a form for reading out (64 bits of its SHA-256)."""
    marks = hashlib.sha256(public).hexdigest()[:16]
    return " ".join(marks[start : start + 4] for start in range(0, 16, 4))


def _about(study_id: str, whose: int, public: bytes) -> bytes:
    return f"{study_id}:linking:{whose}:".encode() + public


def _body(seals: Seals) -> dict[str, object]:
    rows = [
        {"whose": one.whose, "public": one.public.hex(), "root": one.root.hex()}
        for one in seals.seals
    ]
    return {"format": 1, "study": seals.study_id, "revision": seals.revision, "seals": rows}


def _mac(body: dict[str, object], root: bytes) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(keys.derived(root, "linking seals"), canonical, hashlib.sha256).hexdigest()


ALTERED: Final = (
    "The linking store's key file (linking.json) was altered or belongs to another study. "
    "Restore it from a backup."
)
