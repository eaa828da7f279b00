"""Whose voice a quote is, as a manuscript may say it: «Occupational therapist, group 3».

Never a name, and never a speaker's label either: an imported transcript's labels are
what somebody typed, which is often a name. Only a participant's profession or
pseudonym, given on purpose, can appear.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .theme import Line


@dataclass(frozen=True, slots=True)
class Voice:
    """What may be said about a speaker."""

    who: str
    """Tells voices apart and is never shown; one participant is one, however many labels."""
    group: int
    pseudonym: str = ""
    """Empty unless the speaker is linked to a participant."""
    profession: str = ""
    role: str = "participant"
    """Or «moderator», «secretary»: those are named by what they did."""


def role(voice: Voice) -> str:
    """Say what kind of voice it is, the group left out."""
    if voice.role != "participant":
        return voice.role.capitalize()
    words = voice.profession.strip() or voice.pseudonym.strip()
    return words[:1].upper() + words[1:] if words else "Speaker"


def attributions(voices: Sequence[Voice]) -> tuple[str, ...]:
    """Attribute each voice of one excerpt, telling two of the same profession apart."""
    alike: dict[str, list[str]] = {}
    for voice in voices:
        known = alike.setdefault(role(voice), [])
        if voice.who not in known:
            known.append(voice.who)
    return tuple(
        f"{_told_apart(voice, alike[role(voice)])}, group {voice.group}" for voice in voices
    )


def _told_apart(voice: Voice, alike: Sequence[str]) -> str:
    """Add the pseudonym where the role alone would mix people up; a number where none is known."""
    if len(alike) == 1:
        return role(voice)
    return f"{role(voice)} {voice.pseudonym.strip() or alike.index(voice.who) + 1}"


def exchange(spoken: Sequence[tuple[Voice, str]]) -> tuple[Line, ...]:
    """Join sentences into lines, a new one wherever the voice changes."""
    voices = attributions([voice for voice, _ in spoken])
    lines: list[Line] = []
    for words, (_, text) in zip(voices, spoken, strict=True):
        if lines and lines[-1].voice == words:
            lines[-1] = Line(words, f"{lines[-1].text} {text}".strip())
        else:
            lines.append(Line(words, text))
    return tuple(lines)
