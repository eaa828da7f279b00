"""Transcripts as files that leave: with speakers as they may be named, through the one door.

Never a speaker's label: an imported transcript's labels are what somebody typed, which is
often a name. A speaker who is linked to a participant stands there as pseudonym and role;
the others are numbered in the order in which they first speak.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, groupby
from typing import Final

from secure_storage import BadInput, NameCheck, Request, Study, check_names, request_export

from . import store
from .formats import render
from .store import SpeakerRow
from .store.lines import LineRow, lines
from .transcript import UNKNOWN, Sentence, Transcription, Turn

EXPORT_FORMS: Final = ("docx", "txt", "vtt", "srt", "json")
_SUBTITLES: Final = ("vtt", "srt")
_UNTIMED: Final = 2.0
"""Seconds that a sentence without times is given after the last that has some."""


def export_transcript(
    study: Study, transcript_id: int, form: str, purpose: str, recipient: str, *,
    times: bool = True,
) -> Request:  # fmt: skip
    """Write a transcript in one of ``EXPORT_FORMS`` and ask for the file to be released.

    Without ``times`` no time and no pause stands in it; subtitles cannot be without.
    """
    study.require("export")
    if form not in EXPORT_FORMS:
        raise BadInput(f"A transcript is exported as one of {', '.join(EXPORT_FORMS)}.")
    row = store.transcript(study, transcript_id)
    found = gather_transcript(study, transcript_id)
    texts = tuple(_texts(row.title, found))
    found = replace(found, provenance=(*found.provenance, _names(check_names(study, texts))))
    day = datetime.now(UTC).date().isoformat()
    return request_export(
        study,
        data=render(fitting(found, form, times), form, row.title),
        form=form,
        file_name=f"transcript {row.id} group {row.group} {day}.{form}",
        purpose=purpose,
        recipient=recipient,
        texts=texts,
    )


def gather_transcript(study: Study, transcript_id: int) -> Transcription:
    """Read a transcript as it stands, its speakers named as they may be."""
    study.require("read")
    row = store.transcript(study, transcript_id)
    every = lines(study, transcript_id)
    voices = {
        **_named(store.speakers(study, transcript_id), (one.row.speaker_id for one in every)),
        None: "" if row.source == "document" else UNKNOWN,
    }
    return Transcription(
        row.language,
        tuple(_turns(every, voices)),
        provenance=store.how_made(study, transcript_id),
        demo=row.demo,
    )


def _turns(every: Sequence[LineRow], voices: dict[int | None, str]) -> Iterator[Turn]:
    for (_, speaker), said in groupby(every, key=lambda one: (one.row.turn_id, one.row.speaker_id)):
        voice = voices[speaker]
        yield Turn(voice, tuple(_by(voice, one.said) for one in said))


def _by(voice: str, sentence: Sentence) -> Sentence:
    return replace(sentence, words=tuple(replace(word, speaker=voice) for word in sentence.words))


def _named(speakers: Sequence[SpeakerRow], order: Iterable[int | None]) -> dict[int | None, str]:
    """What those who speak are called outside the study, in their order."""
    known, number = {one.id: one for one in speakers}, count(1)
    return {
        one: f"Speaker {next(number)}" if known[one].participant_id is None else _who(known[one])
        for one in dict.fromkeys(order)
        if one is not None
    }


def _who(speaker: SpeakerRow) -> str:
    role = speaker.profession if speaker.role == "participant" else speaker.role
    return f"{speaker.name} ({role})" if role else speaker.name


def fitting(found: Transcription, form: str, times: bool) -> Transcription:
    """Leave out, or put in, what the form needs; ``BadInput`` for subtitles without times."""
    sentences = [one for turn in found.turns for one in turn.sentences]
    if form in _SUBTITLES:
        if not times:
            raise BadInput("Subtitles cannot be without times. Choose docx, txt or json.")
        if all(one.start is None for one in sentences):
            raise BadInput(
                "This transcript has no times, so it cannot become subtitles. Choose docx, txt "
                "or json, or attach its recording first."
            )
        sentences = filled(sentences)
    elif not times:
        sentences = [replace(one, start=None, end=None, words=()) for one in sentences]
    elif form == "json":
        # Words as they were heard, where a person has put others, are not to leave.
        sentences = [one if _unchanged(one) else replace(one, words=()) for one in sentences]
    every = iter(sentences)
    turns = tuple(
        replace(turn, sentences=tuple(next(every) for _ in turn.sentences)) for turn in found.turns
    )
    return replace(found, turns=turns)


def _unchanged(sentence: Sentence) -> bool:
    return " ".join(word.text for word in sentence.words) == sentence.text


def filled(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Give the sentences without times such, shared out evenly between their neighbours."""
    result: list[Sentence] = []
    until = 0.0
    for timed, run in groupby(sentences, key=lambda one: one.start is not None):
        same = list(run)
        if timed:
            result += [replace(one, end=one.start if one.end is None else one.end) for one in same]
        else:
            place = len(result) + len(same)
            after = sentences[place].start if place < len(sentences) else None
            step = _UNTIMED if after is None else max(0.0, after - until) / len(same)
            result += [
                replace(one, start=until + n * step, end=until + (n + 1) * step)
                for n, one in enumerate(same)
            ]
        until = max([until, *(one.end for one in result if one.end is not None)])
    return result


def _texts(title: str, found: Transcription) -> Iterator[str]:
    """All that the file can say."""
    yield title
    for what, how in found.provenance:
        yield from (what, how)
    for turn in found.turns:
        yield turn.speaker
        yield from (sentence.text for sentence in turn.sentences)


def _names(checked: NameCheck) -> tuple[str, str]:
    """Say of the file whether anybody looked for names in it."""
    if not checked.checked:
        return "Names", "not checked; read the file through before it is passed on"
    found = "none found" if not checked.found else f"found {checked.found} times"
    return "Names", f"searched for those that are registered; {found}"
