"""How far a job is and how long it will take, on a clock that the test moves."""

import pytest

from transcribe.options import STEPS
from transcribe.pace import NOT_BEGUN, SHARES, Pace, StepProgress, share_done
from transcribe.pipeline import ASSEMBLE, DECODE, DIARISE, FIND, RECOGNISE


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock)


def test_every_step_has_a_share_of_the_whole() -> None:
    assert len(SHARES) == len(STEPS) == len(NOT_BEGUN)
    assert sum(SHARES) == pytest.approx(1.0)


def test_nothing_is_promised_before_a_slow_step_was_watched(pace: Pace, clock: Clock) -> None:
    assert pace.left() is None
    pace.tell(DECODE, 0, 1)
    clock.now += 5
    pace.tell(DECODE, 1, 1)
    pace.tell(RECOGNISE, 0, 100)
    assert pace.left() is None  # the quick steps say nothing of the slow ones
    clock.now += 3
    pace.tell(RECOGNISE, 1, 100)
    assert pace.left() is None  # one window of a hundred is too little
    assert pace.steps[RECOGNISE] == StepProgress(1, 100)


def test_windows_done_tell_the_time_of_the_others(pace: Pace, clock: Clock) -> None:
    pace.tell(DECODE, 1, 1)
    pace.tell(FIND, 1, 1)
    pace.tell(RECOGNISE, 0, 100)
    clock.now += 10
    pace.tell(RECOGNISE, 20, 100)
    rest = 40 + 50 * (SHARES[DIARISE] + SHARES[ASSEMBLE]) / SHARES[RECOGNISE]
    assert pace.left() == pytest.approx(rest)


def test_what_was_kept_from_before_a_kill_is_not_taken_for_speed(pace: Pace, clock: Clock) -> None:
    for step in (DECODE, FIND):
        pace.tell(step, 1, 1)
    pace.tell(RECOGNISE, 80, 100)  # the first thing it says: these were there
    clock.now += 10
    pace.tell(RECOGNISE, 90, 100)
    pace.tell(DIARISE, 0, 10)
    rest = 100 * SHARES[DIARISE] / SHARES[RECOGNISE]  # at ten windows in ten seconds
    assert pace.left() == pytest.approx(max(10, rest) + 100 * SHARES[ASSEMBLE] / SHARES[RECOGNISE])


def test_a_step_that_was_kept_whole_says_nothing_and_the_other_is_measured(
    pace: Pace, clock: Clock
) -> None:
    for step in (DECODE, FIND):
        pace.tell(step, 1, 1)
    pace.tell(RECOGNISE, 100, 100)
    assert pace.left() is None
    pace.tell(DIARISE, 0, 10)
    clock.now += 20
    pace.tell(DIARISE, 5, 10)
    assert pace.left() == pytest.approx(20 + 40 * SHARES[ASSEMBLE] / SHARES[DIARISE])


def test_of_two_steps_at_once_the_longer_one_decides(pace: Pace, clock: Clock) -> None:
    for step in (DECODE, FIND):
        pace.tell(step, 1, 1)
    pace.tell(RECOGNISE, 0, 100)
    pace.tell(DIARISE, 0, 10)
    clock.now += 10
    pace.tell(RECOGNISE, 50, 100)
    pace.tell(DIARISE, 1, 10)
    whole = (20 + 100) / (SHARES[RECOGNISE] + SHARES[DIARISE])
    assert pace.left() == pytest.approx(90 + whole * SHARES[ASSEMBLE])


def test_at_the_end_nothing_is_left(pace: Pace, clock: Clock) -> None:
    pace.tell(RECOGNISE, 0, 4)
    clock.now += 4
    for step in range(len(STEPS)):
        pace.tell(step, 4, 4)
    assert pace.left() == 0
    assert share_done(pace.steps) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("step", "share"),
    [
        (StepProgress(), 0.0),
        (StepProgress(1, 4), 0.25),
        (StepProgress(5, 4), 1.0),
        (StepProgress(-1, 4), 0.0),
    ],
)
def test_a_share_is_between_none_and_all(step: StepProgress, share: float) -> None:
    assert step.share == share


def test_the_whole_grows_with_its_steps() -> None:
    assert share_done(NOT_BEGUN) == 0
    half = [*NOT_BEGUN]
    half[RECOGNISE] = StepProgress(1, 2)
    assert share_done(half) == pytest.approx(SHARES[RECOGNISE] / 2)
