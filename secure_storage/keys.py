"""Accounts and keys: who can open the study, without the study knowing any passphrase.

Every member has an X25519 key pair. The secret key is sealed under a key that Argon2id
makes of the passphrase; the study's random root key is sealed to the public key, so a
member can be added without knowing anybody's passphrase. Database key and file key
come from the root by HKDF, each under its own label.

All of it stands in ``study.json`` beside the database. The file names nobody: a member
is found by a digest of the name, which keeps it from being read (not from being guessed
and tried). The root may also be sealed to a printed recovery kit. The file carries a MAC
under the root key and a revision number that the database remembers, so that seals can
neither be swapped nor rolled back unnoticed.
"""

import hashlib
import hmac
import json
import os
import threading
from dataclasses import dataclass, replace
from typing import Final
from unicodedata import normalize

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import BadInput, DamagedFile, WrongPassphrase


@dataclass(frozen=True, slots=True)
class Cost:
    """What one Argon2id derivation costs."""

    memory_kib: int
    time: int
    lanes: int


COST: Final = Cost(256 * 1024, 3, 4)
"""What a new study asks for: 256 MiB, about 0.6 s."""
FLOOR: Final = Cost(19 * 1024, 2, 1)
"""The least that is accepted when a header is read (OWASP's minimum)."""
CEILING: Final = Cost(4 * 1024 * 1024, 16, 16)
"""The most: an altered header must not be able to exhaust the machine."""
LEAST_PASSPHRASE: Final = 12
_one_derivation = threading.Lock()


@dataclass(frozen=True, slots=True)
class Account:
    """A member's sealed keys, as they stand in the header."""

    member_id: int
    tag: str
    """Keyed digest of the name."""
    salt: bytes
    secret: bytes
    """The secret key, sealed under the passphrase."""
    public: bytes
    root: bytes
    """The study's root key, sealed to ``public``."""
    first_sign_in: bool
    """The passphrase is a one-time one, to be replaced before anything else."""

    def opens_like(self, other: "Account") -> bool:
        """Tell whether the same passphrase gives the same keys (of whatever root)."""
        return (self.salt, self.secret, self.public) == (other.salt, other.secret, other.public)


@dataclass(frozen=True, slots=True)
class KitSeal:
    """The root key, sealed to the printed recovery kit."""

    public: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What ``study.json`` says."""

    study_id: str
    revision: int
    cost: Cost
    accounts: tuple[Account, ...]
    kit: KitSeal | None = None

    def account(self, name: str) -> Account | None:
        """Find the account of a name."""
        tag = name_tag(self.study_id, name)
        return next((one for one in self.accounts if _same(one.tag, tag)), None)

    def account_of(self, member_id: int) -> Account | None:
        """Find the account of a member."""
        return next((one for one in self.accounts if one.member_id == member_id), None)

    def with_account(self, account: Account) -> "Header":
        """Add an account, or replace the member's present one."""
        others = (one for one in self.accounts if one.member_id != account.member_id)
        return replace(self, revision=self.revision + 1, accounts=(*others, account))

    def without(self, member_id: int) -> "Header":
        """Drop a member's account."""
        left = tuple(one for one in self.accounts if one.member_id != member_id)
        return replace(self, revision=self.revision + 1, accounts=left)

    def with_kit(self, public: bytes, root: bytes) -> "Header":
        """Seal the root key to a recovery kit, instead of to the one before."""
        seal = KitSeal(public, seal_to(public, root, _about_kit(self, public)))
        return replace(self, revision=self.revision + 1, kit=seal)

    def resealed(self, root: bytes) -> "Header":
        """Seal another root key to everybody to whom the present one is sealed."""
        accounts = tuple(
            replace(
                one,
                root=seal_to(one.public, root, _about(self, one.member_id, one.public)),
            )
            for one in self.accounts
        )
        kit = self.with_kit(self.kit.public, root).kit if self.kit else None
        return replace(self, revision=self.revision + 1, accounts=accounts, kit=kit)


def name_tag(study_id: str, name: str) -> str:
    """Digest a member's name, so that the header need not hold it."""
    plain = normalize("NFC", " ".join(name.split()).casefold()).encode()
    return hmac.new(study_id.encode(), plain, hashlib.sha256).hexdigest()


def derived(root: bytes, label: str) -> bytes:
    """Derive the key with a label from the root key."""
    return HKDF(SHA256(), 32, None, b"fokus v1 " + label.encode()).derive(root)


def stretch(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """Make a key of a passphrase; one derivation at a time, for each takes 256 MiB."""
    within = all(
        low <= value <= high
        for low, value, high in (
            (FLOOR.memory_kib, cost.memory_kib, CEILING.memory_kib),
            (FLOOR.time, cost.time, CEILING.time),
            (FLOOR.lanes, cost.lanes, CEILING.lanes),
        )
    )
    if not within:
        raise DamagedFile(
            "The key file (study.json) asks for a passphrase protection outside what Fokus "
            "accepts; it was altered. Restore it from a backup."
        )
    with _one_derivation:
        # Keyboards differ in how they compose a letter like å.
        plain = normalize("NFKC", passphrase).encode()
        return hash_secret_raw(plain, salt, cost.time, cost.memory_kib, cost.lanes, 32, Type.ID)


def check_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that is too short to protect a study."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise BadInput(f"The passphrase needs at least {LEAST_PASSPHRASE} characters.")
    if len(passphrase) > 1024 or len(set(passphrase)) < 4:
        raise BadInput("Choose a passphrase of several different characters, at most 1024.")


@dataclass(frozen=True, slots=True)
class Stretched:
    """A key made of a passphrase, and its salt; made before the study is held for writing."""

    salt: bytes
    key: bytes


def stretched(passphrase: str, cost: Cost) -> Stretched:
    """Make a key of a new passphrase under a new salt."""
    salt = os.urandom(16)
    return Stretched(salt, stretch(passphrase, salt, cost))


def new_account(
    header: Header, root: bytes, member_id: int, name: str, under: Stretched, *, once: bool
) -> tuple[Account, X25519PrivateKey]:
    """Make a key pair for a member, its secret half sealed under a passphrase."""
    secret = X25519PrivateKey.generate()
    public = secret.public_key().public_bytes_raw()
    sealed = seal_to(public, root, _about(header, member_id, public))
    tag = name_tag(header.study_id, name)
    bare = Account(member_id, tag, b"", b"", public, sealed, once)
    return with_passphrase(header, bare, secret, under), secret


def with_passphrase(
    header: Header, account: Account, secret: X25519PrivateKey, under: Stretched
) -> Account:
    """Seal the account's secret key under another passphrase; the key pair stays."""
    about = _about(header, account.member_id, account.public)
    sealed = _seal(under.key, secret.private_bytes_raw(), about)
    return replace(account, salt=under.salt, secret=sealed)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """What a member's passphrase gives."""

    account: Account
    secret: X25519PrivateKey
    root: bytes


def open_account(header: Header, name: str, passphrase: str) -> OpenedAccount:
    """Open a member's keys; the same work and error for an unknown name."""
    account = header.account(name)
    key = stretch(passphrase, account.salt if account else bytes(16), header.cost)
    if account is None:
        raise WrongPassphrase(WRONG)
    about = _about(header, account.member_id, account.public)
    try:
        secret = X25519PrivateKey.from_private_bytes(_unseal(key, account.secret, about))
    except InvalidTag:
        raise WrongPassphrase(WRONG) from None
    try:
        return OpenedAccount(account, secret, open_sealed(secret, account.root, about))
    except (InvalidTag, ValueError):
        raise DamagedFile(ALTERED) from None


def root_of(header: Header, member_id: int, secret: X25519PrivateKey) -> bytes:
    """Give the root key of a header, an earlier one maybe, to a member it was sealed to."""
    public = secret.public_key().public_bytes_raw()
    account = header.account_of(member_id)
    try:
        if account is None or not hmac.compare_digest(account.public, public):
            raise DamagedFile(ALTERED)
        return open_sealed(secret, account.root, _about(header, member_id, public))
    except (InvalidTag, ValueError):
        raise DamagedFile(ALTERED) from None


def open_with_kit(header: Header, secret: X25519PrivateKey) -> bytes:
    """Give the root key to who holds the recovery kit; ``BadInput`` if it is another's."""
    public = secret.public_key().public_bytes_raw()
    if header.kit is None or not hmac.compare_digest(header.kit.public, public):
        raise BadInput(
            "This recovery kit is not the present one of this study. A newer kit replaces "
            "the older; look for the last one that was printed."
        )
    try:
        return open_sealed(secret, header.kit.root, _about_kit(header, public))
    except (InvalidTag, ValueError):
        raise DamagedFile(ALTERED) from None


def seal_to(public: bytes, data: bytes, about: bytes) -> bytes:
    """Seal ``data`` so that only the holder of the secret key opens it."""
    once = X25519PrivateKey.generate()
    sender = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    return sender + _seal(_agreed(shared, sender, public), data, about)


def open_sealed(secret: X25519PrivateKey, sealed: bytes, about: bytes) -> bytes:
    """Open what was sealed to the public half of ``secret``."""
    sender, public = sealed[:32], secret.public_key().public_bytes_raw()
    shared = secret.exchange(X25519PublicKey.from_public_bytes(sender))
    return _unseal(_agreed(shared, sender, public), sealed[32:], about)


def _agreed(shared: bytes, sender: bytes, public: bytes) -> bytes:
    return HKDF(SHA256(), 32, sender + public, b"fokus v1 sealed to member").derive(shared)


def _about(header: Header, member_id: int, public: bytes) -> bytes:
    return f"{header.study_id}:{member_id}:".encode() + public


def _about_kit(header: Header, public: bytes) -> bytes:
    return f"{header.study_id}:kit:".encode() + public


def _seal(key: bytes, data: bytes, about: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, data, about)


def _unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], about)


def to_json(header: Header, root: bytes) -> bytes:
    """Write the header, with its MAC."""
    body = _body(header)
    return json.dumps({**body, "mac": _mac(body, root)}, indent=1).encode()


def from_json(data: bytes) -> tuple[Header, str]:
    """Read the header; its MAC can be checked only once the root key is known."""
    try:
        body = json.loads(data)
        if body["format"] != 1 or body["cipher"] != "sqlcipher-4":
            raise DamagedFile(
                "This study was made by a newer version of Fokus. Open it with that version."
            )
        accounts = tuple(
            Account(
                one["member"], one["tag"], bytes.fromhex(one["salt"]),
                bytes.fromhex(one["secret"]), bytes.fromhex(one["public"]),
                bytes.fromhex(one["root"]), one["first_sign_in"],
            )
            for one in body["accounts"]
        )  # fmt: skip
        if any(tuple(map(len, _parts(one))) != _SIZES for one in accounts) or any(
            not isinstance(one.tag, str) for one in accounts
        ):
            raise DamagedFile(ALTERED)
        kit = body.get("kit")
        seal = KitSeal(bytes.fromhex(kit["public"]), bytes.fromhex(kit["root"])) if kit else None
        if seal and (len(seal.public), len(seal.root)) != _SIZES[2:]:
            raise DamagedFile(ALTERED)
        cost = Cost(*body["argon2id"])
        header = Header(body["study"], body["revision"], cost, accounts, seal)
    except (ValueError, KeyError, TypeError):
        raise DamagedFile(ALTERED) from None
    return header, str(body.get("mac", ""))


_SIZES: Final = (16, 12 + 32 + 16, 32, 32 + 12 + 32 + 16)


def _parts(account: Account) -> tuple[bytes, ...]:
    return account.salt, account.secret, account.public, account.root


def check_mac(header: Header, mac: str, root: bytes) -> None:
    """Refuse a header that was altered by somebody without the root key."""
    if not _same(_mac(_body(header), root), mac):
        raise DamagedFile(ALTERED)


def _same(one: str, other: str) -> bool:
    # In bytes: of text that is not plain, compare_digest makes a TypeError.
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _body(header: Header) -> dict[str, object]:
    cost = header.cost
    accounts = [
        {
            "member": one.member_id, "tag": one.tag, "first_sign_in": one.first_sign_in,
            "salt": one.salt.hex(), "secret": one.secret.hex(),
            "public": one.public.hex(), "root": one.root.hex(),
        }
        for one in header.accounts
    ]  # fmt: skip
    kit = header.kit
    # Left out where there is none, as in studies older than recovery kits.
    seal = {"kit": {"public": kit.public.hex(), "root": kit.root.hex()}} if kit else {}
    return {
        "format": 1, "cipher": "sqlcipher-4", "study": header.study_id,
        "revision": header.revision, "argon2id": [cost.memory_kib, cost.time, cost.lanes],
        "accounts": accounts, **seal,
    }  # fmt: skip


def _mac(body: dict[str, object], root: bytes) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(derived(root, "header"), canonical, hashlib.sha256).hexdigest()


WRONG: Final = (
    "Name or passphrase is wrong, or the one-time code of those who use one. "
    "Check them and try again."
)
ALTERED: Final = (
    "The key file (study.json) was altered or belongs to another study. Restore it from a backup."
)
