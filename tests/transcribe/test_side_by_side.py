"""Two steps at once: both end, and what stops one stops the other."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Event, Lock, get_ident

import pytest

from transcribe import TranscribeOptions, pipeline, write_json
from transcribe import side_by_side as beside
from transcribe.audio import decode
from transcribe.options import Progress
from transcribe.side_by_side import side_by_side


class Cancelled(Exception):
    pass


def quiet(step: int, done: int, total: int) -> None:
    pass


def test_both_run_at_once_and_give_their_results() -> None:
    meeting = Barrier(2, timeout=60)

    def met(tell: Progress) -> int:
        meeting.wait()
        return get_ident()

    one, other = side_by_side(met, met, quiet)
    assert one == get_ident() != other


def test_progress_is_told_by_one_at_a_time() -> None:
    held, told = Lock(), []

    def progress(step: int, done: int, total: int) -> None:
        assert held.acquire(blocking=False)
        told.append((step, done))
        held.release()

    def steps(number: int) -> object:
        return lambda tell: [tell(number, done, 200) for done in range(200)]

    side_by_side(steps(2), steps(3), progress)  # type: ignore[arg-type]
    for number in (2, 3):
        assert [done for step, done in told if step == number] == list(range(200))


@pytest.mark.parametrize("finder", [2, 3])
def test_cancelling_reaches_both_whoever_hears_of_it(finder: int) -> None:
    ended: list[int] = []

    def progress(step: int, done: int, total: int) -> None:
        if step == finder and done == 5:
            raise Cancelled

    def endless(number: int) -> object:
        def work(tell: Progress) -> None:
            try:
                done = 0
                while True:
                    tell(number, done, 0)
                    done += 1
            finally:
                ended.append(number)

        return work

    with pytest.raises(Cancelled):
        side_by_side(endless(2), endless(3), progress)  # type: ignore[arg-type]
    assert sorted(ended) == [2, 3]


def test_a_failure_of_the_first_waits_for_the_second_to_stop() -> None:
    started, stopped = Event(), Event()

    def fails(tell: Progress) -> None:
        assert started.wait(60)
        raise ValueError("first")

    def works(tell: Progress) -> None:
        started.set()
        try:
            while True:
                tell(3, 0, 0)
        finally:
            stopped.set()

    with pytest.raises(ValueError, match="first"):
        side_by_side(fails, works, quiet)
    assert stopped.is_set()


def test_a_failure_of_the_second_is_told_even_when_the_first_is_done() -> None:
    def fails(tell: Progress) -> None:
        raise ValueError("second")

    with pytest.raises(ValueError, match="second"):
        side_by_side(lambda tell: 1, fails, quiet)


def test_without_a_graphics_card_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert not beside.room_for_two(both_on_card=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for free, room in ((8 << 30, False), (80 << 30, True)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, free))
        assert beside.room_for_two(both_on_card=True) is room
        assert beside.room_for_two(both_on_card=False)


def test_a_recording_comes_out_the_same_either_way(
    scripted_model: Callable[..., Path], spoken_wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with spoken_wav.open("rb") as stream:
        samples = decode(stream).samples[: 16_000 * 12]
    model = scripted_model((0.0, "We talk about it at home.", 4.0))
    options = TranscribeOptions(model=str(model), speakers=2)

    def transcribed(room: bool) -> str:
        told: list[tuple[int, int, int]] = []
        monkeypatch.setattr(pipeline, "room_for_two", lambda both_on_card: room)
        found = pipeline.transcribe_audio(samples, options, lambda *step: told.append(step))
        for step in (pipeline.RECOGNISE, pipeline.DIARISE):
            assert [done for one, done, _ in told if one == step][-1] > 0
        return write_json(found)

    in_turn = transcribed(room=False)
    assert transcribed(room=True) == in_turn
    assert '"S1"' in in_turn
