"""Which sentences a person should listen to before trusting them, and why."""

from typing import Final

from .store import SentenceRow

LOW_CONFIDENCE: Final = 0.4
"""Of a sentence's least certain word: below it, more words are wrong than one would like."""
LOW_MARGIN: Final = 0.1
"""Of its least certain speaker: below it the two best speakers are all but equal."""


def doubts_about(sentence: SentenceRow) -> tuple[str, ...]:
    """Say why a sentence is doubtful, in words for its reader; empty when it is not."""
    reasons = []
    if sentence.confidence is not None and sentence.confidence < LOW_CONFIDENCE:
        reasons.append("at least one word was recognised with little confidence")
    if sentence.margin is not None and sentence.margin < LOW_MARGIN:
        reasons.append("it is uncertain who speaks")
    if sentence.overlap:
        reasons.append("somebody else speaks at the same time")
    return tuple(reasons)
