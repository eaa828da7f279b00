"""A transcription as JSON, with nothing lost: what capsules and other programs read."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from secure_storage import BadInput

from ..transcript import Doubt, Sentence, SpeakerSpan, Transcription, Turn, Utterance, Word

FORMAT: Final = "fokus-transcription"
VERSION: Final = 1


def write_json(transcription: Transcription) -> str:
    """Write a transcription; the same one always gives the same bytes."""
    return json.dumps(
        {"format": FORMAT, "version": VERSION, **asdict(transcription)},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def read_json(text: str | bytes) -> Transcription:
    """Read what ``write_json`` wrote."""
    try:
        values = json.loads(text)
        if values["format"] != FORMAT or values["version"] != VERSION:
            raise BadInput("This JSON file was written by another program or version.")
        return _transcription(values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput("This JSON file does not hold a Fokus transcription.") from error


def write_recognised(utterances: tuple[Utterance, ...], doubts: tuple[Doubt, ...]) -> bytes:
    """Write a batch of recognised speech, for a checkpoint."""
    values = {"utterances": [asdict(one) for one in utterances], "doubts": [*map(asdict, doubts)]}
    return json.dumps(values, ensure_ascii=False).encode()


def read_recognised(data: bytes) -> tuple[tuple[Utterance, ...], tuple[Doubt, ...]]:
    """Read what ``write_recognised`` wrote."""
    values = json.loads(data)
    utterances = tuple(
        Utterance(one["start"], one["end"], one["text"], _words(one))
        for one in values["utterances"]
    )
    return utterances, tuple(Doubt(**one) for one in values["doubts"])


def _transcription(values: Mapping[str, Any]) -> Transcription:
    turns = tuple(
        Turn(turn["speaker"], tuple(_sentence(one) for one in turn["sentences"]))
        for turn in values["turns"]
    )
    return Transcription(
        language=values["language"],
        turns=turns,
        spans=tuple(SpeakerSpan(**span) for span in values["spans"]),
        doubts=tuple(Doubt(**doubt) for doubt in values["doubts"]),
        provenance=tuple((what, how) for what, how in values["provenance"]),
        demo=bool(values["demo"]),
        exclusive=tuple(SpeakerSpan(**span) for span in values.get("exclusive", ())),
    )


def _sentence(values: Mapping[str, Any]) -> Sentence:
    return Sentence(values["text"], values["start"], values["end"], _words(values))


def _words(values: Mapping[str, Any]) -> tuple[Word, ...]:
    return tuple(Word(**word) for word in values["words"])
