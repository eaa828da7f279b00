"""One-time codes: as RFC 6238 says, asked for at sign-in, used once."""

import base64
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from secure_storage import (
    BadInput,
    NotAllowed,
    Role,
    Study,
    WrongPassphrase,
    make_kit,
    one_time_codes,
    recover,
    unlock,
)
from secure_storage.one_time_codes import (
    PERIOD,
    matching_step,
    propose,
    switch_off,
    switch_off_for,
    switch_on,
)

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]
RFC = b"12345678901234567890"
"""The secret of the test vectors in RFC 6238, appendix B."""


class Clock:
    """The time as the codes see it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(one_time_codes, "time", clock)
    return clock


def code(secret: str | bytes, now: float) -> str:
    key = base64.b32decode(secret) if isinstance(secret, str) else secret
    return TOTP(key, 6, SHA1(), PERIOD).generate(int(now)).decode()


def enrolled(study: Study, clock: Clock) -> str:
    secret = propose(study).secret
    switch_on(study, code(secret, clock.now))
    clock.now += PERIOD
    return secret


@pytest.mark.parametrize(
    ("now", "eight"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
        (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_the_codes_are_those_of_the_rfc(now: int, eight: str) -> None:
    assert matching_step(RFC, eight[2:], now, 0) == now // PERIOD


def test_one_step_before_and_after_is_accepted_and_none_twice() -> None:
    now, step = 1_111_111_111, 1_111_111_111 // PERIOD
    for away in (-1, 0, 1):
        typed = code(RFC, (step + away) * PERIOD)
        assert matching_step(RFC, typed, now, 0) == step + away
        assert matching_step(RFC, typed, now, step + away) is None
    for away in (-3, -2, 2, 3):
        assert matching_step(RFC, code(RFC, (step + away) * PERIOD), now, 0) is None
    assert matching_step(RFC, " 050 471 ", now, 0) == step
    for wrong in ("", "5", "abcdef", "0504711", "٠٥٠٤٧١", "050472"):
        assert matching_step(RFC, wrong, now, 0) is None


def test_nothing_is_switched_on_without_a_code(study: Study, clock: Clock) -> None:
    first = propose(study)
    assert propose(study) == first
    assert len(base64.b32decode(first.secret)) == 20
    assert first.address.startswith("otpauth://totp/") and first.secret in first.address
    for wrong in ("", "000000", code(first.secret, clock.now - 5 * PERIOD)):
        with pytest.raises(BadInput, match="does not fit"):
            switch_on(study, wrong)
    assert not study.member.uses_codes
    unlock(study.home, LEAD, PASSPHRASE).close()


def test_a_member_who_uses_codes_needs_one(study: Study, clock: Clock) -> None:
    secret = enrolled(study, clock)
    home = study.home
    assert study.member.uses_codes
    told = set()
    for wrong in ("", "000000", code(secret, clock.now - 3 * PERIOD)):
        with pytest.raises(WrongPassphrase) as refused:
            unlock(home, LEAD, PASSPHRASE, wrong)
        told.add(str(refused.value))
    with pytest.raises(WrongPassphrase) as refused:
        unlock(home, LEAD, "not the passphrase", code(secret, clock.now))
    assert told == {str(refused.value)}
    unlock(home, LEAD, PASSPHRASE, code(secret, clock.now)).close()
    with pytest.raises(WrongPassphrase):
        unlock(home, LEAD, PASSPHRASE, code(secret, clock.now))
    clock.now += PERIOD
    unlock(home, LEAD, PASSPHRASE, code(secret, clock.now)).close()
    failed = [one.object for one in study.events() if one.action == "read.signin_failed"]
    assert failed == ["member:1"] * 5


def test_a_wrong_code_leaves_a_locked_study_locked(study: Study, clock: Clock) -> None:
    secret = enrolled(study, clock)
    home = study.home
    study.close()
    with pytest.raises(WrongPassphrase):
        unlock(home, LEAD, PASSPHRASE, "000000")
    again = unlock(home, LEAD, PASSPHRASE, code(secret, clock.now))
    assert "read.signin_failed" in [one.action for one in again.events()]
    again.close()


def test_a_code_that_confirmed_does_not_sign_in(study: Study, clock: Clock) -> None:
    secret = propose(study).secret
    first = code(secret, clock.now)
    switch_on(study, first)
    with pytest.raises(WrongPassphrase):
        unlock(study.home, LEAD, PASSPHRASE, first)


def test_switching_off_needs_a_code(study: Study, clock: Clock) -> None:
    with pytest.raises(BadInput, match="use no"):
        switch_off(study, "000000")
    secret = enrolled(study, clock)
    with pytest.raises(BadInput, match="already"):
        propose(study)
    with pytest.raises(WrongPassphrase, match="does not fit"):
        switch_off(study, "000000")
    assert study.member.uses_codes
    last = study.recent_events(1)[0]
    assert (last.action, last.object) == ("read.signin_failed", "member:1")
    switch_off(study, code(secret, clock.now))
    assert not study.member.uses_codes
    unlock(study.home, LEAD, PASSPHRASE).close()
    assert propose(study).secret != secret
    kinds = [one.action for one in study.events()]
    assert kinds.count("member.codes_on") == kinds.count("member.codes_off") == 1


def test_a_lead_switches_off_those_of_others(study: Study, join: Join, clock: Clock) -> None:
    bo, own = join("Bo Coder", "coder"), "the own words of Bo Coder"
    enrolled(bo, clock)
    with pytest.raises(NotAllowed):
        switch_off_for(bo, bo.member.id)
    with pytest.raises(WrongPassphrase):
        unlock(study.home, "Bo Coder", own)
    switch_off_for(study, bo.member.id)
    unlock(study.home, "Bo Coder", own).close()
    for nobody in (bo.member.id, 99, study.member.id):
        with pytest.raises(BadInput):
            switch_off_for(study, nobody)
    enrolled(study, clock)
    with pytest.raises(BadInput, match="another lead"):
        switch_off_for(study, study.member.id)


def test_the_recovery_kit_lets_in_who_lost_the_phone(study: Study, clock: Clock) -> None:
    enrolled(study, clock)
    once = recover(study.home, make_kit(study), LEAD)
    again = unlock(study.home, LEAD, once)
    again.choose_passphrase("found again, luckily")
    assert not again.member.uses_codes
    again.close()


def test_the_secret_stands_in_no_event_and_no_plain_file(study: Study, clock: Clock) -> None:
    secret = enrolled(study, clock)
    raw = base64.b32decode(secret)
    assert not any(secret in str(one.after) for one in study.events())
    home = study.home
    study.close()
    for path in home.rglob("*"):
        if path.is_file():
            assert raw not in path.read_bytes() and secret.encode() not in path.read_bytes()


def test_codes_are_read_from_the_real_clock(study: Study) -> None:
    secret = propose(study).secret
    switch_on(study, code(secret, time.time()))
    assert study.member.uses_codes
