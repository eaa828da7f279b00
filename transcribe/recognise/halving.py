"""Work on many windows that still ends when they do not fit into memory together."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from secure_storage import FokusError

from ..windows import Window
from .engine import OutOfMemory

T = TypeVar("T")


class TooLittleMemory(FokusError):
    """Not even one window fits."""


def halved(work: Callable[[Sequence[Window]], list[T]], windows: Sequence[Window]) -> list[T]:
    """Do the work on all windows together, or on each half where memory is short.

    Every batch begins whole, whatever happened to the one before it: so that what a batch
    gives does not depend on history. Raises TooLittleMemory.
    """
    try:
        return work(windows)
    except OutOfMemory as error:
        if len(windows) == 1:
            raise TooLittleMemory(
                "There is not enough memory for this model, even for half a minute at a time. "
                "Close other programs that use it, or choose a smaller model; what is finished "
                "is kept."
            ) from error
    # Outside the handler: there the error's traceback would still hold what did not fit.
    half = len(windows) // 2
    return [*halved(work, windows[:half]), *halved(work, windows[half:])]
