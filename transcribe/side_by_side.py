"""Two steps of one job at the same time: recognition and diarization.

On a graphics card the two together take little longer than the slower one, because each
leaves the card idle between its own small steps. On processors alone they are done one
after the other: they would share the same cores.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Final, TypeVar

from .options import Progress

ROOM: Final = 16 << 30
"""Bytes of free graphics memory: the largest recogniser with a batch, and the diarizer."""

First = TypeVar("First")
Second = TypeVar("Second")


class _Stopped(Exception):  # noqa: N818 (not an error)
    """The other step has ended the work."""


def room_for_two(both_on_card: bool) -> bool:
    """Tell whether there is a graphics card, with memory for both steps if both use it."""
    import torch

    if not torch.cuda.is_available():
        return False
    return not both_on_card or torch.cuda.mem_get_info()[0] >= ROOM


def side_by_side(
    first: Callable[[Progress], First],
    second: Callable[[Progress], Second],
    progress: Progress,
) -> tuple[First, Second]:
    """Run ``first`` here and ``second`` in a thread; give what both return.

    Both are given a ``progress`` that tells one at a time. What either raises (a failure,
    or ``progress`` when the job is cancelled) stops the other where it next tells its
    progress, and is raised when both have ended.
    """
    telling, over = Lock(), Event()

    def tell(step: int, done: int, total: int) -> None:
        with telling:
            if over.is_set():
                raise _Stopped
            progress(step, done, total)

    def beside() -> Second:
        try:
            return second(tell)
        except BaseException:
            over.set()
            raise

    with ThreadPoolExecutor(1, "beside") as pool:
        other = pool.submit(beside)
        try:
            return first(tell), other.result()
        except _Stopped:
            other.result()  # raises what stopped us
            raise
        finally:
            over.set()
