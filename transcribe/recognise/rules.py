"""Which token comes next: Whisper's timestamp rules for all rows of a batch at once.

The same choices as openai-whisper's ``SuppressBlank``, ``SuppressTokens``,
``ApplyTimestampRules`` and ``GreedyDecoder`` (whisper/decoding.py), which go through the
rows one by one and read each back from the device. Here a row's past is three numbers kept
on the device, so that a step has no loop and waits for nothing; every tensor is changed in
place and no number is copied from the host, so that a CUDA graph can hold the step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

_NEVER: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the rules know of a tokenizer."""

    end: int
    """Ends the text; all text tokens are below it."""
    stamps: int
    """The first time stamp; all above it are stamps."""
    suppressed: Tensor
    """Tokens never written."""
    blank: Tensor
    """Tokens the text cannot begin with."""
    latest_first: int
    """The latest stamp the text can begin with."""


class Rows:
    """The text of every row so far. ``count`` rows are at work, the first ones."""

    def __init__(self, rows: int, limit: int, vocabulary: Vocabulary, device: torch.device) -> None:
        """Begin ``rows`` texts of at most ``limit`` tokens."""
        self.vocabulary = vocabulary
        self.written = torch.zeros(1, dtype=torch.long, device=device)
        """How many tokens every row has."""
        self.place = torch.zeros(1, dtype=torch.long, device=device)
        """Where the last token stands, counted from the beginning of the prompt."""
        self.texts = torch.full((rows, limit), vocabulary.end, device=device)
        self.last = torch.full((rows,), vocabulary.end, device=device)
        self.sums = torch.zeros(rows, device=device)
        """Log-probability of the text."""
        self.ended = torch.ones(rows, dtype=torch.bool, device=device)
        # True before the beginning: Whisper lets a text begin with two stamps.
        self._stamp = torch.ones(rows, dtype=torch.bool, device=device)
        self._stamp_before = torch.ones(rows, dtype=torch.bool, device=device)
        self._latest = torch.full((rows,), vocabulary.stamps - 1, device=device)

    def begin(self, count: int, place: int) -> None:
        """Begin anew with ``count`` rows; the last token they were told stands at ``place``."""
        self.written.zero_()
        self.place.fill_(place)
        self.texts.fill_(self.vocabulary.end)
        self.last.fill_(self.vocabulary.end)
        self.sums.zero_()
        self.ended.fill_(True)
        self.ended[:count] = False
        self._stamp.fill_(True)
        self._stamp_before.fill_(True)
        self._latest.fill_(self.vocabulary.stamps - 1)

    def move(self, to: int, source: int) -> None:
        """Put a row in the place of another that has ended."""
        for one in self._by_row():
            one[to] = one[source]

    def copy(self) -> list[Tensor]:
        """Copy everything, for ``restore``."""
        return [one.clone() for one in (*self._by_row(), self.written, self.place)]

    def restore(self, copy: list[Tensor]) -> None:
        """Put everything back as it was."""
        for one, before in zip((*self._by_row(), self.written, self.place), copy, strict=True):
            one.copy_(before)

    def _by_row(self) -> tuple[Tensor, ...]:
        return (
            self.texts, self.last, self.sums, self.ended, self._stamp, self._stamp_before,
            self._latest,
        )  # fmt: skip

    def restrict_first(self, logits: Tensor) -> None:
        """Restrict the first token to an early time stamp. Logits: (rows, vocabulary)."""
        words = self.vocabulary
        logits.index_fill_(1, words.blank, _NEVER)
        logits.index_fill_(1, words.suppressed, _NEVER)
        logits[:, : words.stamps] = _NEVER
        logits[:, words.latest_first + 1 :] = _NEVER

    def restrict(self, logits: Tensor) -> None:
        """Restrict a later token: stamps in pairs, never going back, and likely ones forced."""
        words, count = self.vocabulary, logits.shape[0]
        logits.index_fill_(1, words.suppressed, _NEVER)
        stamp, before = self._stamp[:count], self._stamp_before[:count]
        opened = stamp & ~before
        logits[:, : words.end].masked_fill_(opened[:, None], _NEVER)
        stamps = logits[:, words.stamps :]
        # A stretch has a length: its end is later than its beginning.
        least = self._latest[:count] + (~opened).long() - words.stamps
        places = torch.arange(stamps.shape[1], device=logits.device)
        stamps.masked_fill_((places < least[:, None]) | (stamp & before)[:, None], _NEVER)
        texts = logits[:, : words.stamps]
        likely = stamps.logsumexp(dim=-1) > texts.amax(dim=-1)
        texts.masked_fill_(likely[:, None], _NEVER)

    def choose(
        self, logits: Tensor, temperature: float = 0.0, draws: torch.Generator | None = None
    ) -> None:
        """Write the next token of every row: the likeliest, or one that is drawn."""
        count = logits.shape[0]
        if temperature == 0:
            chosen = logits.argmax(dim=-1)
        else:
            weights = (logits / temperature).softmax(dim=-1).nan_to_num_(0.0)
            # A row that is no number any more ends; drawing from it would stop the process.
            weights[:, self.vocabulary.end] += weights.sum(dim=-1) == 0
            chosen = torch.multinomial(weights, 1, generator=draws)[:, 0]
        # Nobody needs the logits any more: worked out in their own memory.
        logits -= logits.amax(dim=-1, keepdim=True)
        gain = logits.gather(1, chosen[:, None])[:, 0] - logits.exp_().sum(dim=-1).log()
        ended = self.ended[:count]
        self.sums[:count] += gain.masked_fill(ended, 0.0)
        chosen = chosen.masked_fill(ended, self.vocabulary.end)
        self.texts[:count].index_copy_(1, self.written, chosen[:, None])
        self.written += 1
        self.place += 1
        self.last[:count] = chosen
        ended |= chosen == self.vocabulary.end
        is_stamp = chosen >= self.vocabulary.stamps
        self._stamp_before[:count] = self._stamp[:count]
        self._stamp[:count] = is_stamp
        self._latest[:count] = torch.where(is_stamp, chosen, self._latest[:count])


_LOOP: Final = 30
"""Tokens that must repeat before a row is cut: far more than people say the same for."""
_COPIES: Final = 5
_LONGEST: Final = 24
"""The longest phrase, in tokens, that is looked for."""


def loops(text: Sequence[int]) -> bool:
    """Tell whether text tokens (no stamps) end in one phrase again and again.

    True when the last 30 tokens or more are at least five copies of a phrase: such a text
    fails Whisper's compression test anyhow, and a row that loops would run to the limit.
    """
    for length in range(1, _LONGEST + 1):
        tail = text[-max(_LOOP, _COPIES * length) :]
        if len(tail) < max(_LOOP, _COPIES * length):
            return False
        if tail[length:] == tail[:-length]:
            return True
    return False
