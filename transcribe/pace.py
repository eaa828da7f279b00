"""How far a job's steps are, and how long the rest of them will take.

Speed is measured on what was done while it was watched: the first report of a step says
what was there already (kept from before a kill), and counts as no speed. A step that has
not been seen at work is taken to cost what it usually costs beside those that have.
Two steps may run at once; then the longer one decides. Numbers only.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .options import STEPS

SHARES: Final = (0.03, 0.04, 0.75, 0.16, 0.02)
"""Of the whole time, roughly, for each of STEPS."""
_SLOW: Final = 0.1
"""Share from which a step's speed says something of the others'."""
_TELLING: Final = 0.02
"""Share of a step that must have been watched before its speed is believed."""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Units of a step that are done (windows, embedding steps …); no total: not begun."""

    done: int = 0
    total: int = 0

    @property
    def share(self) -> float:
        """Share of the step that is done, 0 to 1."""
        return max(0.0, min(1.0, self.done / self.total)) if self.total > 0 else 0.0


Steps = tuple[StepProgress, ...]
NOT_BEGUN: Final[Steps] = tuple(StepProgress() for _ in STEPS)


class Pace:
    """Watches the steps of one job; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing has begun yet."""
        self._clock = clock
        self._steps = list(NOT_BEGUN)
        self._seen: list[tuple[tuple[float, float], tuple[float, float]] | None]
        self._seen = [None] * len(STEPS)

    def tell(self, step: int, done: int, total: int) -> None:
        """Note that ``done`` of ``total`` units of ``step`` are done."""
        self._steps[step] = StepProgress(done, total)
        now = (self._clock(), self._steps[step].share)
        seen = self._seen[step]
        self._seen[step] = (seen[0] if seen else now, now)

    @property
    def steps(self) -> Steps:
        """How far each step is."""
        return tuple(self._steps)

    def left(self) -> float | None:
        """Seconds until the end, or None while too little has been seen."""
        whole = [self._whole(step) for step in range(len(STEPS))]
        slow = [step for step, share in enumerate(SHARES) if share >= _SLOW]
        known = [(seconds, SHARES[i]) for i in slow if (seconds := whole[i]) is not None]
        if not known:
            return None
        scale = sum(seconds for seconds, _ in known) / sum(share for _, share in known)
        at_once, after = 0.0, 0.0
        for step, one in enumerate(self._steps):
            seconds = whole[step]
            rest = (1 - one.share) * (SHARES[step] * scale if seconds is None else seconds)
            if one.total:
                at_once = max(at_once, rest)
            else:
                after += rest
        return at_once + after

    def _whole(self, step: int) -> float | None:
        """Seconds the whole step takes at the speed seen."""
        if (seen := self._seen[step]) is None:
            return None
        (began, before), (now, share) = seen
        return (now - began) / (share - before) if share - before >= _TELLING else None


def share_done(steps: Sequence[StepProgress]) -> float:
    """Share of the whole work that is done, 0 to 1."""
    done = sum(one.share * share for one, share in zip(steps, SHARES, strict=False))
    return max(0.0, min(1.0, done))
