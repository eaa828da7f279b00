"""From sound to transcription: the order of the steps, and what is kept between them.

The windows are packed into batches once, before anything is recognised, and a batch
depends on nothing but its windows: a batch that is run again after a kill gives the
same bytes. Each finished batch and the diarization are handed to ``checkpoints``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from . import diarise as diarising
from . import models
from .align import assign, turns
from .audio import SAMPLE_RATE, Samples
from .formats.data import read_json, read_recognised, write_json, write_recognised
from .options import Progress, TranscribeOptions
from .provenance import Facts, provenance
from .recognise import Language, Model, decoder_name, find_language, load, recognise
from .sentences import split_sentences, splitter_name
from .speech import VAD_NAME, speech_probabilities
from .transcript import Doubt, Transcription, Turn, Utterance
from .windows import LONGEST, Region, Window, pack, speech_regions

BATCH: Final = 8
"""Windows recognised together: at most four minutes of sound between two checkpoints."""
DEMO_WINDOW: Final = 6.0
"""Longest window of the demo model in seconds: so small a decoder loses its place in more."""
NO_SPEECH: Final = "No speech was found in this recording."
UNHEARD: Final = "dropped: no speech was detected here"
UNDETERMINED: Final = "und"
"""Language of a recording in which nobody speaks (ISO 639-2)."""
DECODE, FIND, RECOGNISE, DIARISE, ASSEMBLE = range(5)


class Checkpoints(Protocol):
    """Where finished work is kept, so that a killed worker can go on."""

    def get(self, name: str) -> bytes | None:
        """Give what was kept under ``name``, if anything was."""

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data`` so that it survives a kill."""


class NoCheckpoints:
    """Keeps nothing."""

    def get(self, name: str) -> bytes | None:
        """Nothing was kept."""
        return None

    def put(self, name: str, data: bytes) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What recognition found."""

    utterances: tuple[Utterance, ...]
    doubts: tuple[Doubt, ...]
    language: Language


def transcribe_audio(
    samples: Samples,
    options: TranscribeOptions,
    progress: Progress,
    *,
    notices: Sequence[str] = (),
    checkpoints: Checkpoints | None = None,
    pyannote: Path | None = None,
) -> Transcription:
    """Transcribe 16 kHz mono sound; ``notices`` about it go into the provenance."""
    kept = checkpoints or NoCheckpoints()
    file = models.find_model(options.model)  # before anything slow: it may not be there
    folder = pyannote or models.pyannote_folder()
    total = len(samples) / SAMPLE_RATE
    progress(FIND, 0, 1)
    probabilities = speech_probabilities(samples)
    regions = speech_regions(probabilities, total)
    progress(FIND, 1, 1)
    if not regions:
        doubt = Doubt(0.0, round(total, 3), "", NO_SPEECH)
        code = options.language or UNDETERMINED
        sound = (("Sound", notice) for notice in notices)
        facts = (("Speech detection", f"{VAD_NAME}: {NO_SPEECH}"), *sound)
        return Transcription(code, (), doubts=(doubt,), provenance=facts, demo=file.demo)
    longest = DEMO_WINDOW if file.demo else LONGEST
    windows = pack(regions, probabilities, total, longest)
    heard = _recognise(samples, windows, file, options, progress, kept)
    heard = _only_where_speech(heard, regions)
    who = _diarise(samples, regions, options, folder, progress, kept)
    progress(ASSEMBLE, 0, 1)
    words = assign(heard.utterances, who.exclusive, who.overlapping)
    spoken = tuple(
        Turn(turn.speaker, split_sentences(turn.words, heard.language.code))
        for turn in turns(words)
    )
    transcription = Transcription(
        heard.language.code, spoken, who.overlapping, heard.doubts,
        _facts(file, heard.language, who, options, notices), file.demo,
    )  # fmt: skip
    progress(ASSEMBLE, 1, 1)
    return transcription


def _recognise(
    samples: Samples,
    windows: Sequence[Window],
    file: models.ModelFile,
    options: TranscribeOptions,
    progress: Progress,
    kept: Checkpoints,
) -> _Heard:
    batches = [windows[first : first + BATCH] for first in range(0, len(windows), BATCH)]
    model = _Lazy(file)
    language = _language(samples, windows, model, options, kept)
    utterances: list[Utterance] = []
    doubts: list[Doubt] = []
    for number, batch in enumerate(batches):
        done = number * BATCH
        progress(RECOGNISE, done, len(windows))
        name = f"batch-{number:05d}"
        if (data := kept.get(name)) is None:
            found = recognise(
                samples, batch, model.get(), language.code,
                partial(_further, progress, done, len(windows)),
            )  # fmt: skip
            data = write_recognised(*found)
            kept.put(name, data)
        more, unsure = read_recognised(data)
        utterances += more
        doubts += unsure
    progress(RECOGNISE, len(windows), len(windows))
    return _Heard(tuple(utterances), tuple(doubts), language)


def _further(progress: Progress, before: int, total: int, done: int, _: int) -> None:
    progress(RECOGNISE, before + done, total)


class _Lazy:
    """Loads the model when the first batch needs it: a resumed job may not."""

    def __init__(self, file: models.ModelFile) -> None:
        self._file = file
        self._model: Model | None = None

    def get(self) -> Model:
        if self._model is None:
            self._model = load(self._file)
        return self._model


def _language(
    samples: Samples,
    windows: Sequence[Window],
    model: _Lazy,
    options: TranscribeOptions,
    kept: Checkpoints,
) -> Language:
    if (data := kept.get("language")) is not None:
        code, _, how = data.decode().partition(" ")
        return Language(code, how)
    language = find_language(samples, windows, model.get(), options.language)
    kept.put("language", f"{language.code} {language.how}".encode())
    return language


def _only_where_speech(heard: _Heard, regions: Sequence[Region]) -> _Heard:
    """Drop utterances that lie where nobody speaks: recognisers invent text there."""
    utterances, doubts = [], list(heard.doubts)
    starts = np.array([region.start for region in regions])
    for one in heard.utterances:
        place = int(np.searchsorted(starts, one.end, side="right"))
        if place and regions[place - 1].end > one.start:
            utterances.append(one)
        else:
            doubts.append(Doubt(one.start, one.end, one.text, UNHEARD))
    return replace(heard, utterances=tuple(utterances), doubts=tuple(doubts))


def _diarise(
    samples: Samples,
    regions: Sequence[Region],
    options: TranscribeOptions,
    folder: Path | None,
    progress: Progress,
    kept: Checkpoints,
) -> diarising.Diarization:
    progress(DIARISE, 0, 1)
    if (data := kept.get("speakers")) is not None:
        exclusive, overlapping = (read_json(part) for part in data.split(b"\n"))
        method = exclusive.provenance[0][1]
        return diarising.Diarization(exclusive.spans, overlapping.spans, method)
    who = diarising.diarise(
        samples, regions, options, folder, lambda done, total: progress(DIARISE, done, total)
    )
    facts = (("Speakers", who.method),)
    parts = (
        Transcription("", (), spans=spans, provenance=facts)
        for spans in (who.exclusive, who.overlapping)
    )
    kept.put("speakers", "\n".join(map(write_json, parts)).encode())
    return who


def _facts(
    file: models.ModelFile,
    language: Language,
    who: diarising.Diarization,
    options: TranscribeOptions,
    notices: Sequence[str],
) -> Facts:
    return provenance(
        options,
        recogniser=decoder_name(),
        file=file,
        language=language.code,
        found_by=language.how,
        speech=VAD_NAME,
        speakers=f"{who.method}; {who.speakers} speakers",
        sentences=splitter_name(language.code),
        notices=notices,
    )
