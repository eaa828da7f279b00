"""Exports as age files: opened by age's own rules, and by nobody else."""

from collections.abc import Callable, Sequence

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from secure_storage import (
    BadInput,
    NotAllowed,
    Role,
    Rules,
    Study,
    approve_export,
    export_as_age,
    list_exports,
    request_export,
    set_export_rules,
)

WORDS = b"PK words of the file" * 9000


@pytest.fixture
def export_id(study: Study) -> int:
    set_export_rules(study, Rules(second_for_unchecked=False))
    asked = request_export(
        study, data=WORDS, form="docx", file_name="q.docx", purpose="article", recipient="BMC"
    )
    assert asked.export_id is not None
    return asked.export_id


def test_each_recipient_opens_it_and_nobody_else(study: Study, export_id: int) -> None:
    ann, bo, eve = (pyrage.x25519.Identity.generate() for _ in range(3))
    keys = [str(ann.to_public()), f"  {bo.to_public()}\n", "", str(ann.to_public())]
    made = export_as_age(study, export_id, keys)
    assert made.startswith(b"age-encryption.org/v1\n") and WORDS[:20] not in made
    for one in (ann, bo):
        assert pyrage.decrypt(made, [one]) == WORDS
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(made, [eve])
    event = study.recent_events(1)[0]
    assert (event.action, event.object) == ("read.exported", f"export:{export_id}")
    assert event.after == {"age": True, "recipients": 2, "size": len(made)}
    assert str(ann.to_public()) not in str(event)
    assert list_exports(study)[0].age


def test_an_ssh_key_opens_it(study: Study, export_id: int) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    made = export_as_age(study, export_id, [public + " ann@uni"])
    assert pyrage.decrypt(made, [pyrage.ssh.Identity.from_buffer(secret)]) == WORDS


def test_a_passphrase_opens_it(study: Study, export_id: int) -> None:
    made = export_as_age(study, export_id, passphrase="told by telephone")
    assert pyrage.passphrase.decrypt(made, "told by telephone") == WORDS
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(made, "told by telephony")
    event = study.recent_events(1)[0]
    assert event.after == {"age": True, "recipients": 0, "size": len(made)}


@pytest.mark.parametrize(
    ("recipients", "passphrase", "said"),
    [
        ([], "", "one of the two"),
        (["", "  "], "", "one of the two"),
        (["age1qqqq"], "", "Recipient 1 is not a public key"),
        (["kari@nordmann.example"], "", "Recipient 1 is not"),
        (["ssh-foo AAAA"], "", "Recipient 1 is not"),
        (["age1yubikey1qwerty"], "", "Recipient 1 is not"),
        (["AGE-SECRET-KEY-1QQQQ"], "", "secret key"),
        (["-----BEGIN OPENSSH PRIVATE KEY-----"], "", "secret key"),
        ([], "short", "at least 12"),
    ],
)
def test_what_cannot_be_a_recipient_is_told_without_repeating_it(
    study: Study, export_id: int, recipients: Sequence[str], passphrase: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as told:
        export_as_age(study, export_id, recipients, passphrase)
    assert not any(one.strip() and one.strip() in str(told.value) for one in recipients)
    assert not list_exports(study)[0].age


def test_the_bad_one_among_many_is_named_by_its_number(study: Study, export_id: int) -> None:
    good = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(BadInput, match="Recipient 2"):
        export_as_age(study, export_id, [good, good[:-1]])
    with pytest.raises(BadInput, match="one of the two"):
        export_as_age(study, export_id, [good], "told by telephone")
    many = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(21)]
    with pytest.raises(BadInput, match="at most 20"):
        export_as_age(study, export_id, many)


def test_only_who_may_release_makes_one(study: Study, join: Callable[[str, Role], Study]) -> None:
    coder = join("Bo Coder", "coder")
    asked = request_export(
        study, data=WORDS, form="x", file_name="q.docx", purpose="article", recipient="BMC"
    )
    done = approve_export(coder, asked.id)
    assert done.export_id is not None
    key = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(NotAllowed):
        export_as_age(coder, done.export_id, [key])
    assert export_as_age(study, done.export_id, [key])
    with pytest.raises(BadInput):
        export_as_age(study, 99, [key])
