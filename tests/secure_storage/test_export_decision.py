"""Who has to agree before an export leaves: the whole table of the rule."""

from itertools import product

import pytest

from secure_storage.ledger import Rules, Verdict, Voice, decide, voice, why_second
from secure_storage.members import Member, Role

ASKER, OTHER = 1, 2


@pytest.mark.parametrize(
    ("checked", "found", "two_person", "second_for_unchecked", "why"),
    [
        (True, 0, False, True, None),
        (True, 0, False, False, None),
        (True, 0, True, True, "two_person"),
        (True, 0, True, False, "two_person"),
        (True, 3, False, True, "found"),
        (True, 3, False, False, "found"),
        (True, 3, True, False, "found"),
        (False, 0, False, True, "unchecked"),
        (False, 0, True, True, "unchecked"),
        (False, 0, False, False, None),
        (False, 0, True, False, "two_person"),
        (False, 1, False, False, "found"),
    ],
)
def test_when_a_second_person_is_needed(
    checked: bool, found: int, two_person: bool, second_for_unchecked: bool, why: str | None
) -> None:
    rules = Rules(two_person, second_for_unchecked)
    assert why_second(rules, checked=checked, found=found) == why


def test_the_study_begins_careful() -> None:
    assert why_second(Rules(), checked=False, found=0) == "unchecked"
    assert why_second(Rules(), checked=True, found=0) is None


ALONE = [
    # needs a second, asker may release
    (False, True, Verdict.RELEASE),
    (True, True, Verdict.SECOND),
    (False, False, Verdict.RELEASER),
    (True, False, Verdict.RELEASER),
]


@pytest.mark.parametrize(("needs", "releases", "verdict"), ALONE)
def test_one_person(needs: bool, releases: bool, verdict: Verdict) -> None:
    assert decide(needs, Voice(ASKER, True, True, releases)) is verdict


TOGETHER = [
    # asker may release; the other may approve, may release
    (True, True, True, Verdict.RELEASE),
    (True, True, False, Verdict.RELEASE),
    (True, False, True, Verdict.RELEASE),
    (True, False, False, Verdict.NO_SAY),
    (False, True, True, Verdict.RELEASE),
    (False, True, False, Verdict.RELEASER),
    (False, False, True, Verdict.RELEASE),
    (False, False, False, Verdict.NO_SAY),
]


@pytest.mark.parametrize(("asker_releases", "approves", "releases", "verdict"), TOGETHER)
@pytest.mark.parametrize("needs", [True, False])
def test_two_people(
    needs: bool, asker_releases: bool, approves: bool, releases: bool, verdict: Verdict
) -> None:
    asker = Voice(ASKER, True, True, asker_releases)
    assert decide(needs, asker, Voice(OTHER, True, approves, releases)) is verdict


def test_the_same_person_twice_is_one_person() -> None:
    asker = Voice(ASKER, True, True, True)
    assert decide(True, asker, asker) is Verdict.SAME_PERSON
    assert decide(False, asker, asker) is Verdict.RELEASE
    nobody = Voice(ASKER, True, True, False)
    assert decide(True, nobody, nobody) is Verdict.RELEASER


def test_what_a_member_asked_for_who_may_no_longer_ask_never_leaves() -> None:
    flags = (True, False)
    for needs, approves, releases in product(flags, flags, flags):
        gone = Voice(ASKER, False, approves, releases)
        assert decide(needs, gone) is Verdict.ASKER_GONE
        assert decide(needs, gone, Voice(OTHER, True, True, True)) is Verdict.ASKER_GONE


def test_nothing_ever_leaves_without_a_releaser_or_with_one_person_where_two_are_needed() -> None:
    flags = (True, False)
    for needs, *one in product(flags, repeat=4):
        for other in [None, *product(flags, repeat=3)]:
            for number in (ASKER, OTHER):
                asker = Voice(ASKER, *one)
                second = Voice(number, *other) if other else None
                if decide(needs, asker, second) is not Verdict.RELEASE:
                    continue
                agreed = [asker, *([second] if second else [])]
                assert any(each.releases for each in agreed)
                assert not needs or len({each.member_id for each in agreed}) == 2


@pytest.mark.parametrize(
    ("role", "asks", "approves"),
    [
        ("lead", True, True), ("coder", True, True), ("reader", False, False),
        ("custodian", False, False),
    ],
)  # fmt: skip
def test_what_a_members_word_counts_for(role: Role, asks: bool, approves: bool) -> None:
    plain = voice(Member(7, "Ann", "An", role, False, may_release=False))
    assert plain == Voice(7, asks, approves, False)
    # The permission is the person's; only who cannot read the study has no use of it.
    trusted = voice(Member(7, "Ann", "An", role, False, may_release=True))
    assert trusted.releases == (role != "custodian")
    ended = voice(Member(7, "Ann", "An", role, True, may_release=True))
    assert ended == Voice(7, False, False, False)
