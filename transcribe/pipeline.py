"""From sound to transcription: the order of the steps, and what is kept between them.

The windows are packed into batches once, before anything is recognised, and a batch
depends on nothing but its windows: a batch that is run again after a kill gives the
same bytes. Each finished batch and the diarization are handed to ``checkpoints``.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from . import diarise as diarising
from . import models
from .align import assign, turns
from .audio import SAMPLE_RATE, Samples
from .checkpoints import Checkpoints, NoCheckpoints
from .formats.data import read_json, write_json
from .hearing import Heard, hear
from .loaded import Loaded
from .options import Progress, TranscribeOptions
from .prompting import echoes
from .provenance import Facts, provenance
from .recognise import known_invention
from .sentences import split_sentences, splitter_name
from .side_by_side import room_for_two, side_by_side
from .speech import VAD_NAME, speech_probabilities
from .spoken import missed, spoken
from .transcript import Doubt, Transcription, Turn
from .windows import LONGEST, Region, Window, pack, speech_regions

DEMO_WINDOW: Final = 6.0
"""Longest window of the demo model in seconds: so small a decoder loses its place in more."""
NO_SPEECH: Final = "No speech was found in this recording."
UNDETERMINED: Final = "und"
"""Language of a recording in which nobody speaks (ISO 639-2)."""
DECODE, FIND, RECOGNISE, DIARISE, ASSEMBLE = range(5)


def transcribe_audio(
    samples: Samples,
    options: TranscribeOptions,
    progress: Progress,
    *,
    notices: Sequence[str] = (),
    checkpoints: Checkpoints | None = None,
    pyannote: Path | None = None,
    loaded: Loaded | None = None,
) -> Transcription:
    """Transcribe 16 kHz mono sound; ``notices`` about it go into the provenance.

    Of each step, the first call of ``progress`` tells what was kept from before, so that
    it does not count as speed. ``loaded`` keeps the recogniser for the next recording.
    """
    kept = checkpoints or NoCheckpoints()
    file = models.find_model(options.model)  # before anything slow: it may not be there
    weights = file.sha256()  # once: the file may be replaced while we work
    folder = pyannote or models.pyannote_folder()
    total = len(samples) / SAMPLE_RATE
    telling = partial(provenance, options, file=file, weights=weights, notices=notices)
    progress(FIND, 0, 1)
    regions, windows = _find_speech(samples, DEMO_WINDOW if file.demo else LONGEST, kept)
    progress(FIND, 1, 1)
    if not regions:
        return _nothing_said(total, options, telling, file.demo)
    model = partial((loaded or Loaded()).engine, file, options, weights)

    def recognising(tell: Progress) -> Heard:
        return hear(samples, windows, model, weights, options, partial(tell, RECOGNISE), kept)

    def telling_apart(tell: Progress) -> diarising.Diarization:
        return _diarise(samples, regions, options, folder, tell, kept)

    if room_for_two(both_on_card=folder is not None):
        heard, who = side_by_side(recognising, telling_apart, progress)
    else:
        heard, who = recognising(progress), telling_apart(progress)
    written = _written(heard, options)
    heard = _only_spoken(heard, regions, written, options)
    progress(ASSEMBLE, 0, 1)
    words = assign(heard.utterances, who.exclusive, who.overlapping)
    said = tuple(Turn(turn.speaker, split_sentences(turn.words, written)) for turn in turns(words))
    transcription = Transcription(
        written, said, who.overlapping, heard.doubts,
        _facts(telling, heard, who, written), file.demo,
        () if who.exclusive == who.overlapping else who.exclusive,
    )  # fmt: skip
    progress(ASSEMBLE, 1, 1)
    return transcription


def _find_speech(
    samples: Samples, longest: float, kept: Checkpoints
) -> tuple[tuple[Region, ...], tuple[Window, ...]]:
    """Where somebody speaks, and the windows made of it; kept, since all else rests on it."""
    if (data := kept.get("speech")) is None:
        total = len(samples) / SAMPLE_RATE
        probabilities = speech_probabilities(samples)
        regions = speech_regions(probabilities, total)
        windows = pack(regions, probabilities, total, longest)
        spans = [[(one.start, one.end) for one in some] for some in (regions, windows)]
        data = json.dumps(spans).encode()
        kept.put("speech", data)
    found, packed = json.loads(data)
    return tuple(Region(*one) for one in found), tuple(Window(*one) for one in packed)


def _written(heard: Heard, options: TranscribeOptions) -> str:
    """Language of the text, which may be a translation."""
    return "en" if options.translate else heard.language.code


def _only_spoken(
    heard: Heard, regions: Sequence[Region], language: str, options: TranscribeOptions
) -> Heard:
    """Drop what nobody said, tell what was not heard; ``language`` is that of the text."""

    def invention(text: str) -> bool:
        return known_invention(text, language) or echoes(text, options, heard.language.code)

    said, doubts = spoken(
        heard.utterances, regions, invention if options.drop_phrases else lambda _: False
    )
    doubts = (*heard.doubts, *doubts)
    return replace(heard, utterances=said, doubts=(*doubts, *missed(said, doubts, regions)))


def _diarise(
    samples: Samples,
    regions: Sequence[Region],
    options: TranscribeOptions,
    folder: Path | None,
    progress: Progress,
    kept: Checkpoints,
) -> diarising.Diarization:
    if (data := kept.get("speakers")) is not None:
        progress(DIARISE, 1, 1)
        exclusive, overlapping = (read_json(part) for part in data.split(b"\n"))
        method = exclusive.provenance[0][1]
        return diarising.Diarization(exclusive.spans, overlapping.spans, method)
    who = diarising.diarise(
        samples, regions, options, folder, lambda done, total: progress(DIARISE, done, total), kept
    )
    facts = (("Speakers", who.method),)
    parts = (
        Transcription("", (), spans=spans, provenance=facts)
        for spans in (who.exclusive, who.overlapping)
    )
    kept.put("speakers", "\n".join(map(write_json, parts)).encode())
    return who


def _nothing_said(
    total: float, options: TranscribeOptions, telling: Callable[..., Facts], demo: bool
) -> Transcription:
    code = options.language or UNDETERMINED
    facts = telling(
        recogniser=None,
        language=code,
        found_by="given" if options.language else "not looked for: no speech",
        speech=f"{VAD_NAME}: {NO_SPEECH}",
        speakers="not needed: no speech",
        sentences="not needed: no text",
    )
    doubt = Doubt(0.0, round(total, 3), "", NO_SPEECH)
    return Transcription(code, (), doubts=(doubt,), provenance=facts, demo=demo)


def _facts(
    telling: Callable[..., Facts], heard: Heard, who: diarising.Diarization, written: str
) -> Facts:
    return telling(
        recogniser=heard.recogniser,
        language=heard.language.code,
        found_by=heard.language.how,
        speech=VAD_NAME,
        speakers=f"{who.method}; {who.speakers} speakers",
        sentences=splitter_name(written),
    )
