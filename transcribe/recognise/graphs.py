"""One token further: as it is written, or as CUDA graphs that replay it.

A step of the decoder is about a thousand small kernels; started one by one they keep a fast
GPU waiting most of the time. A graph starts them all at once. It is fixed to its shapes and
addresses, so there is one for each width of the batch and each bucket of text positions,
recorded when first needed, over buffers that stay where they are.
"""

from contextlib import suppress
from typing import Any, Final

import torch
from torch import Tensor

from .decoder import Cache, Decoder
from .engine import memory_ended
from .rules import Rows

_BUCKET: Final = 64
"""Text positions are attended in multiples of this, the rest of them masked."""


def advance(
    decoder: Decoder, cache: Cache, rows: Rows, width: int, span: int,
    temperature: float = 0.0, draws: torch.Generator | None = None, mask: Tensor | None = None,
) -> None:  # fmt: skip
    """Write one more token in the first ``width`` rows, whose text has ``span`` positions."""
    states = decoder.run(cache, rows.last[:width, None], rows.place, span, mask)
    logits = decoder.logits(states[:, -1])
    rows.restrict(logits)
    rows.choose(logits, temperature, draws)


class Graphs:
    """Recorded steps over one cache and one set of rows; greedy."""

    def __init__(self, decoder: Decoder, cache: Cache, rows: Rows) -> None:
        """Record nothing yet."""
        self._decoder, self._cache, self._rows = decoder, cache, rows
        self._graphs: dict[tuple[int, int], Any] = {}
        self._pool: Any = None
        self._aside: Any = None
        """One stream for all recordings: torch has few, and diarization works on another."""
        self.failed = False
        """Recording failed once; since then steps run as they are written."""

    def advance(self, width: int, span: int) -> None:
        """Do what ``advance`` does, from a recording where there can be one."""
        if self.failed:
            advance(self._decoder, self._cache, self._rows, width, span)
            return
        longest = self._cache.own.shape[3]
        key = (width, min(longest, -(-span // _BUCKET) * _BUCKET))
        if key not in self._graphs:
            try:
                self._graphs[key] = self._record(*key)
            except RuntimeError as error:
                if memory_ended(error):
                    raise
                self.failed = True
                self._graphs.clear()
                self.advance(width, span)
                return
        self._graphs[key].replay()

    def masked(self, width: int, span: int) -> None:
        """Step over ``span`` positions of which only those written count: what is recorded."""
        places = torch.arange(span, device=self._rows.place.device)
        mask = (places <= self._rows.place)[None, None, None, :]
        advance(self._decoder, self._cache, self._rows, width, span, mask=mask)

    def _record(self, width: int, span: int) -> Any:
        """Warm up, put the rows back as they were, record; beside the main stream.

        Not ``torch.cuda.graph``, which collects garbage and empties the cache at every
        recording: with a dozen of them that would take longer than the decoding.
        """
        before = self._rows.copy()
        if self._aside is None:
            self._aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside = self._aside
        aside.wait_stream(torch.cuda.current_stream())
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.stream(aside):
                self._capture(graph, before, width, span)
        finally:
            torch.cuda.current_stream().wait_stream(aside)
        self._pool = graph.pool()
        return graph

    def _capture(self, graph: Any, before: list[Tensor], width: int, span: int) -> None:
        try:
            self.masked(width, span)
        finally:
            self._rows.restore(before)
        # Another thread may use the GPU meanwhile (diarization): only this one is watched.
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        try:
            self.masked(width, span)
        except BaseException:
            # The stream must leave the recording; what that says would hide the first error.
            with suppress(RuntimeError):
                graph.capture_end()
            raise
        graph.capture_end()
