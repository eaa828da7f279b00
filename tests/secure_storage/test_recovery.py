"""The recovery kit: read without mistakes, replaced by a newer one, never used unseen."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_storage import (
    BadInput,
    DamagedFile,
    NotAllowed,
    Role,
    Study,
    WrongPassphrase,
    make_kit,
    new_kit,
    read_kit,
    recover,
    unlock,
)
from secure_storage.recovery import has_kit

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]


def test_a_kit_is_eight_groups_of_seven() -> None:
    kit = new_kit()
    groups = kit.text.split("-")
    assert [len(group) for group in groups] == [7] * 8
    assert len(base64.b32decode("".join(groups))) == 35
    assert read_kit(kit.text).private_bytes_raw() == kit.secret.private_bytes_raw()
    assert new_kit().text != kit.text


def test_how_it_is_typed_does_not_matter() -> None:
    kit = new_kit()
    raw = kit.secret.private_bytes_raw()
    plain = kit.text.replace("-", "")
    misread = plain.translate(str.maketrans("OIB", "018"))
    for typed in (plain, plain.lower(), kit.text.replace("-", " \n"), misread):
        assert read_kit(typed).private_bytes_raw() == raw


@pytest.mark.parametrize("text", ["", "ABCDEFG", "A" * 55, "A" * 57])
def test_a_kit_that_is_incomplete_is_told(text: str) -> None:
    with pytest.raises(BadInput, match="56 characters"):
        read_kit(text)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 55), to=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_character_is_told(at: int, to: str) -> None:
    # A fixed kit: three bytes of checksum let one wrong reading in 16 million through.
    text = FIXED[:at] + to + FIXED[at + 1 :]
    if text == FIXED:
        assert read_kit(text)
        return
    with pytest.raises(BadInput, match="character is wrong"):
        read_kit(text)


@pytest.mark.parametrize("mark", ["!", "é", "=", "9"])
def test_a_character_that_no_kit_has_is_told(mark: str) -> None:
    with pytest.raises(BadInput, match="character is wrong"):
        read_kit(mark + FIXED[1:])


def test_two_groups_exchanged_are_told() -> None:
    with pytest.raises(BadInput, match="character is wrong"):
        read_kit(FIXED[7:14] + FIXED[:7] + FIXED[14:])


def test_the_kit_gives_a_lead_a_new_one_time_passphrase(study: Study) -> None:
    home = study.home
    assert not has_kit(study)
    text = make_kit(study)
    assert has_kit(study)
    study.close()
    once = recover(home, text, " ada  LEAD ")
    with pytest.raises(WrongPassphrase):
        unlock(home, LEAD, PASSPHRASE)
    again = unlock(home, LEAD, once)
    assert again.first_sign_in
    again.choose_passphrase("found again, luckily")
    actions = [event.action for event in again.events()]
    assert "key.kit_made" in actions and "key.kit_used" in actions
    again.close()


def test_using_the_kit_ends_the_sessions_of_the_lead(study: Study) -> None:
    text = make_kit(study)
    recover(study.home, text, LEAD)
    assert study.closed


def test_the_kit_is_kept_nowhere(study: Study) -> None:
    text = make_kit(study)
    raw = read_kit(text).private_bytes_raw()
    study.close()
    for path in study.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert raw not in data and raw.hex().encode() not in data
            assert text[:7].encode() not in data


def test_a_newer_kit_replaces_the_older(study: Study) -> None:
    first, second = make_kit(study), make_kit(study)
    with pytest.raises(BadInput, match="not the present one"):
        recover(study.home, first, LEAD)
    recover(study.home, second, LEAD)


def test_a_study_without_a_kit_says_so(home: Path) -> None:
    with pytest.raises(BadInput, match="not the present one"):
        recover(home, new_kit().text, LEAD)


def test_the_kit_opens_for_leads_alone(study: Study, join: Join) -> None:
    text = make_kit(study)
    join("Bo Coder", "coder")
    other = join("Di Lead", "lead")
    study.disable(other.member.id)
    for name in ("Bo Coder", "Di Lead", "Nobody", ""):
        with pytest.raises(BadInput, match="not one of them"):
            recover(study.home, text, name)
    assert unlock(study.home, LEAD, PASSPHRASE).member.role == "lead"


def test_only_a_lead_makes_a_kit(join: Join) -> None:
    for role in ("coder", "reader", "custodian"):
        with pytest.raises(NotAllowed):
            make_kit(join(f"Some {role}", role))


def test_the_seal_of_the_kit_cannot_be_altered(study: Study) -> None:
    text = make_kit(study)
    home = study.home
    study.close()
    path = home / "study.json"
    sealed = path.read_text()
    stranger = new_kit().secret.public_key().public_bytes_raw().hex()
    public = read_kit(text).public_key().public_bytes_raw().hex()
    for altered in (sealed.replace(public, stranger), sealed.replace(public, public[:-2])):
        path.write_text(altered)
        with pytest.raises(DamagedFile):
            unlock(home, LEAD, PASSPHRASE)
    path.write_text(sealed)
    assert recover(home, text, LEAD)


def test_a_passphrase_changed_later_leaves_the_kit_good(study: Study) -> None:
    text = make_kit(study)
    study.change_passphrase(PASSPHRASE, "a new long passphrase")
    study.invite("Bo Coder", "coder")
    assert recover(study.home, text, LEAD)


FIXED = "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPWMIII"
