"""Decoding a batch: openai-whisper's ``DecodingTask`` with a loop of its own.

What the decoder is told at the start, which tokens are never written and how long a text
may be come from ``DecodingTask`` itself. The loop is ours: all rows step together; a row
that has ended or repeats itself gives its place to another, and the batch grows narrower.
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor
from whisper.decoding import ApplyTimestampRules, DecodingOptions, DecodingTask
from whisper.utils import compression_ratio

from .decoder import Cache, Decoder
from .engine import Ask, Decoded
from .graphs import Graphs, advance
from .rules import Rows, Vocabulary, loops

_LOOP_EVERY: Final = 8
"""Tokens between two looks for loops."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """What decoding works on, kept from batch to batch: nothing is allocated anew."""

    decoder: Decoder
    cache: Cache
    rows: Rows
    graphs: Graphs | None
    widths: tuple[int, ...]
    """Numbers of rows that a batch may narrow to, rising."""
    look_every: int
    """Tokens between two looks at what has ended; a look waits for the device."""

    def fitting(self, rows: int) -> int:
        """Give the least width that holds so many rows; 0 for none."""
        return next(width for width in self.widths if width >= rows) if rows else 0


class BatchTask(DecodingTask):  # type: ignore[misc] # whisper is not annotated
    """Decodes rows of encoded sound together, as ``whisper.decode`` decodes each alone."""

    def __init__(self, model: Any, ask: Ask) -> None:
        """Prepare what the decoder is told."""
        options = DecodingOptions(
            task="translate" if ask.translate else "transcribe", language=ask.language,
            prompt=ask.prompt.strip() or None, temperature=ask.temperature, fp16=False,
        )  # fmt: skip
        super().__init__(model, options)
        self.ask = ask
        self.limit: int = min(self.sample_len, self.n_ctx + 1 - self.sample_begin)

    def vocabulary(self, device: torch.device) -> Vocabulary:
        """Give what the rules must know; the same for every task of a model."""
        words = self.tokenizer
        (stamps,) = (one for one in self.logit_filters if isinstance(one, ApplyTimestampRules))
        never = sorted({*self._get_suppress_tokens(), words.no_timestamps})
        return Vocabulary(
            end=words.eot, stamps=words.timestamp_begin,
            suppressed=torch.tensor(never, device=device),
            blank=torch.tensor([*words.encode(" "), words.eot], device=device),
            latest_first=words.timestamp_begin + stamps.max_initial_timestamp_index,
        )  # fmt: skip

    def decode(self, features: Tensor, room: Workspace) -> list[Decoded]:
        """Decode all rows of ``features`` (rows, 1500, state)."""
        draws = torch.Generator(features.device).manual_seed(self.ask.seed)
        silence = self._begin(features, room, draws)
        batch = _Batch(self, room, silence)
        for written in range(1, self.limit + 1):
            if written % room.look_every == 0 or written == self.limit:
                batch.look(written)
            if not batch.width:  # also at the limit
                break
            span = self.sample_begin + written
            if room.graphs and self.ask.temperature == 0:
                room.graphs.advance(batch.width, span)
            else:
                advance(
                    room.decoder, room.cache, room.rows, batch.width, span,
                    self.ask.temperature, draws,
                )  # fmt: skip
        return batch.found

    def _begin(self, features: Tensor, room: Workspace, draws: torch.Generator) -> list[float]:
        """Read prompt and task, write the first token; give each row's odds of silence."""
        count, device, length = features.shape[0], features.device, self.sample_begin
        decoder, cache, rows = room.decoder, room.cache, room.rows
        cache.begin(count, room.fitting(count))
        decoder.listen(cache, features)
        tokens = torch.tensor([self.initial_tokens], device=device).expand(count, -1)
        states = decoder.run(cache, tokens, torch.arange(length, device=device), length)
        logits = decoder.logits(states[:, [self.sot_index, length - 1]])
        silence = logits[:, 0].softmax(dim=-1)[:, self.tokenizer.no_speech]
        rows.begin(count, length - 1)
        rows.restrict_first(logits[:, 1])
        rows.choose(logits[:, 1], self.ask.temperature, draws)
        return [float(value) for value in silence.tolist()]


class _Batch:
    """Which window stands in which row, and what has been found."""

    def __init__(self, task: BatchTask, room: Workspace, silence: list[float]) -> None:
        self._task, self._silence = task, silence
        self._cache, self._rows, self._fitting = room.cache, room.rows, room.fitting
        self._found: dict[int, Decoded] = {}
        self._windows: dict[int, int] = {row: row for row in range(len(silence))}
        """Row to window, of those at work."""
        self.width = self._fitting(len(self._windows))

    @property
    def found(self) -> list[Decoded]:
        """What was written, in the order of the windows."""
        return [self._found[window] for window in sorted(self._found)]

    def look(self, written: int) -> None:
        """Take out the rows that are done after so many tokens, and close the ranks."""
        ended = self._rows.ended.tolist()
        full, loopy = written == self._task.limit, written % _LOOP_EVERY == 0
        for row, window in list(self._windows.items()):
            looped = loopy and not ended[row] and self._loops(row, written)
            if full or ended[row] or looped:
                self._found[window] = self._decoded(row, window, looped)
                self._rows.ended[row] = True
                del self._windows[row]
        self._narrow(self._task.sample_begin + written)

    def _loops(self, row: int, written: int) -> bool:
        if not self._task.ask.cut_loops:
            return False
        end = self._task.tokenizer.eot
        return loops([token for token in self._rows.texts[row, :written].tolist() if token < end])

    def _decoded(self, row: int, window: int, looped: bool) -> Decoded:
        tokenizer = self._task.tokenizer
        tokens: list[int] = self._rows.texts[row].tolist()
        if tokenizer.eot in tokens:
            tokens = tokens[: tokens.index(tokenizer.eot)]
        text = tokenizer.decode(tokens).strip()
        return Decoded(
            tuple(tokens), text, float(self._rows.sums[row]) / (len(tokens) + 1),
            self._silence[window], compression_ratio(text), self._task.ask.temperature, looped,
            cut_short=len(tokens) >= self._task.limit and not looped,
        )  # fmt: skip

    def _narrow(self, length: int) -> None:
        self.width = self._fitting(len(self._windows))
        holes = [row for row in range(self.width) if row not in self._windows]
        outside = [row for row in sorted(self._windows) if row >= self.width]
        for hole, row in zip(holes, outside, strict=False):
            self._cache.move(hole, row, length)
            self._rows.move(hole, row)
            self._windows[hole] = self._windows.pop(row)
