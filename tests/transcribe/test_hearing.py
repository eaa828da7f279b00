"""A whole recording in batches that are planned once and kept when they are done."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from transcribe.hearing import Heard, hear, plan
from transcribe.options import TranscribeOptions
from transcribe.recognise.engine import Ask, Decoded
from transcribe.windows import Window

SOUND = np.random.default_rng(0).normal(0, 0.1, 16_000 * 60).astype(np.float32)
WINDOWS = tuple(Window(n * 6.0, n * 6.0 + 1 + n % 5) for n in range(10))
STAMP = 50363  # of <|0.00|>, without other languages


class Kept:
    """Checkpoints in memory, with the order in which they came."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.put_order: list[str] = []

    def get(self, name: str) -> bytes | None:
        return self.data.get(name)

    def put(self, name: str, data: bytes) -> None:
        self.data[name] = data
        self.put_order.append(name)


class Killed(Exception):  # noqa: N818
    """The worker is gone."""


def says(ask: Ask, sound: Any) -> Decoded:
    """Write what depends on the window and on what is asked."""
    number = 1000 + int(abs(float(sound.sum()))) % 9000
    return Decoded((STAMP, number, STAMP + 50), f" {number}", -0.2, 0.0, 1.0, ask.temperature)


def run(
    engine: Any, kept: Kept, progress: Callable[[int, int], None] = lambda done, total: None,
    weights: str = "a" * 64, **options: Any,
) -> Heard:  # fmt: skip
    told = TranscribeOptions(**options)
    return hear(SOUND, WINDOWS, lambda: engine, weights, told, progress, kept)


def test_windows_are_packed_once_the_longest_first_each_in_one_batch() -> None:
    six_hours = [Window(n * 20.0, n * 20.0 + 3 + n % 17) for n in range(1080)]
    batches = plan(six_hours, 16)
    assert sorted(one for batch in batches for one in batch) == six_hours
    assert {len(batch) for batch in batches[:-1]} == {16}
    lengths = [one.end - one.start for batch in batches for one in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert plan(list(reversed(six_hours)), 16) == batches
    assert plan((), 16) == []


def test_what_is_heard_comes_in_the_order_of_time(told_engine: Any) -> None:
    told: list[tuple[int, int]] = []
    heard = run(told_engine(says), Kept(), lambda *step: told.append(step))
    assert [one.start for one in heard.utterances] == [one.start for one in WINDOWS]
    assert heard.recogniser == "told" and heard.language.code == "en"
    assert told[0] == (0, 10) and told[-1] == (10, 10)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_options_reach_the_decoder(told_engine: Any) -> None:
    engine = told_engine(says)
    run(engine, Kept(), language="no", prompt="Ada, Bergljot", translate=True)
    assert {(ask.language, ask.translate) for ask in engine.asked} == {("no", True)}
    assert all("Bergljot" in ask.prompt for ask in engine.asked)


@pytest.mark.parametrize("stop", range(1, 16))
def test_after_a_kill_only_the_batch_at_work_is_done_again(told_engine: Any, stop: int) -> None:
    whole, kept = Kept(), Kept()
    wanted = run(told_engine(says), whole)
    calls = 0

    def until_killed(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == stop:
            raise Killed

    killed = told_engine(says)
    with contextlib.suppress(Killed):
        run(killed, kept, until_killed)
    done = sum(name.startswith("batch") for name in kept.put_order)
    # Another worker, with other memory free: the plan stays.
    resumed = told_engine(says, largest_batch=5)
    first: list[int] = []
    assert run(resumed, kept, lambda done, total: first.append(done)) == wanted
    assert {name: kept.data[name] for name in whole.data} == whole.data
    assert len(resumed.asked) == 3 - done
    assert len(killed.asked) + len(resumed.asked) <= 3 + 1
    assert first[0] == min(done * 4, 10)  # told before anything is done again
    assert len(set(kept.put_order)) == len(kept.put_order)


def test_a_job_that_was_done_needs_no_model(told_engine: Any) -> None:
    kept = Kept()
    wanted = run(told_engine(says), kept)

    def gone() -> Any:
        raise AssertionError("loaded for nothing")

    nobody = lambda done, total: None  # noqa: E731
    again = hear(SOUND, WINDOWS, gone, "a" * 64, TranscribeOptions(), nobody, kept)
    assert again == wanted


def test_every_engine_that_worked_on_it_is_named(told_engine: Any) -> None:
    kept = Kept()
    run(told_engine(says), kept)
    del kept.data["batch-00001"]

    class Other(told_engine):  # type: ignore[misc]
        name = "another machine"

    assert run(Other(says), kept).recogniser == "told, partly another machine"


def test_an_engine_that_finished_nothing_is_not_named(told_engine: Any) -> None:
    class Other(told_engine):  # type: ignore[misc]
        name = "another machine"

        def decode(self, features: Any, ask: Ask) -> list[Decoded]:
            raise Killed

    kept = Kept()
    with pytest.raises(Killed):
        run(Other(says), kept)
    assert run(told_engine(says), kept).recogniser == "told"


def test_an_engine_that_goes_on_otherwise_is_named_as_it_was(told_engine: Any) -> None:
    engine = told_engine(says)

    def told(done: int, total: int) -> None:
        if done == 4:
            engine.name = "told, without graphs"

    assert run(engine, Kept(), told).recogniser == "told, partly told, without graphs"


def test_a_smaller_machine_goes_on_with_no_more_windows_at_once_than_fit(told_engine: Any) -> None:
    kept = Kept()
    wanted = run(told_engine(says), kept)
    del kept.data["batch-00000"], kept.data["batch-00001"]
    small = told_engine(says, largest_batch=3)
    assert run(small, kept) == wanted
    assert small.encoded == [3, 1, 3, 1]


@pytest.mark.parametrize(
    "changed",
    [{"weights": "b" * 64}, {"language": "no"}, {"prompt": "NAV"}, {"translate": True},
     {"verbatim": True}, {"allowed": ("en", "no")}],
)  # fmt: skip
def test_what_other_weights_or_wishes_made_is_not_taken_up(
    told_engine: Any, changed: dict[str, Any]
) -> None:
    kept = Kept()
    run(told_engine(says), kept)
    again = told_engine(says)
    run(again, kept, **changed)
    assert again.encoded and len(again.asked) == 3
    same = told_engine(says)
    run(same, kept, **changed)
    assert same.asked == []
