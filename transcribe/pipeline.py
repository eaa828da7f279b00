"""From sound to transcription: the order of the steps, and what is kept between them.

The windows are packed into batches once, before anything is recognised, and a batch
depends on nothing but its windows: a batch that is run again after a kill gives the
same bytes. Each finished batch and the diarization are handed to ``checkpoints``.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from . import diarise as diarising
from . import models
from .align import assign, turns
from .audio import SAMPLE_RATE, Samples
from .checkpoints import Checkpoints, NoCheckpoints
from .formats.data import read_json, write_json
from .hearing import Heard, hear
from .loaded import Loaded
from .options import Progress, TranscribeOptions
from .provenance import Facts, provenance
from .sentences import split_sentences, splitter_name
from .speech import VAD_NAME, speech_probabilities
from .transcript import Doubt, Transcription, Turn
from .windows import LONGEST, Region, pack, speech_regions

DEMO_WINDOW: Final = 6.0
"""Longest window of the demo model in seconds: so small a decoder loses its place in more."""
NO_SPEECH: Final = "No speech was found in this recording."
UNHEARD: Final = "dropped: no speech was detected here"
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
    model = partial((loaded or Loaded()).engine, file, options)
    heard = hear(samples, windows, model, options, partial(progress, RECOGNISE), kept)
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
        _facts(file, heard, who, options, notices), file.demo,
    )  # fmt: skip
    progress(ASSEMBLE, 1, 1)
    return transcription


def _only_where_speech(heard: Heard, regions: Sequence[Region]) -> Heard:
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


def _facts(
    file: models.ModelFile,
    heard: Heard,
    who: diarising.Diarization,
    options: TranscribeOptions,
    notices: Sequence[str],
) -> Facts:
    return provenance(
        options,
        recogniser=heard.recogniser,
        file=file,
        language=heard.language.code,
        found_by=heard.language.how,
        speech=VAD_NAME,
        speakers=f"{who.method}; {who.speakers} speakers",
        sentences=splitter_name(heard.language.code),
        notices=notices,
    )
