"""A whole recording through the recogniser: windows in batches, each kept when it is done.

The windows are packed into batches once, and the plan is kept before anything is
recognised: a batch that is run again after a kill holds the same windows and gives the
same bytes; where less memory is free than then, it is done in parts. What other weights or
other wishes made is not taken up.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from .audio import Samples
from .checkpoints import Checkpoints
from .formats.data import read_recognised, write_recognised
from .options import TranscribeOptions
from .prompting import prompt_for
from .recognise import (
    Ask,
    Engine,
    Language,
    Spectrogram,
    find_language,
    recognise,
    spectrogram,
)
from .transcript import Doubt, Utterance
from .windows import Window

Batch = tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What recognition found, in the order of time."""

    utterances: tuple[Utterance, ...]
    doubts: tuple[Doubt, ...]
    language: Language
    recogniser: str
    """What recognised it, in words for a methods section."""


class _Recogniser:
    """The engine and the recording's spectrogram, made when a batch first needs them.

    A resumed job may need neither.
    """

    def __init__(self, samples: Samples, load: Callable[[], Engine]) -> None:
        self._samples, self._load = samples, load
        self._ready: tuple[Engine, Spectrogram] | None = None

    def get(self) -> tuple[Engine, Spectrogram]:
        """Give both."""
        if self._ready is None:
            engine = self._load()
            self._ready = engine, spectrogram(self._samples, engine.mel_bands)
        return self._ready


class _Ours:
    """Checkpoints of these weights and these wishes; others count as none."""

    def __init__(self, kept: Checkpoints, weights: str, options: TranscribeOptions) -> None:
        wishes = (
            options.language, options.allowed, options.prompt, options.verbatim, options.translate
        )  # fmt: skip
        told = json.dumps([weights, *wishes]).encode()
        self._kept, self._mark = kept, hashlib.sha256(told).digest()[:8]

    def get(self, name: str) -> bytes | None:
        data = self._kept.get(name)
        ours = data is not None and data.startswith(self._mark)
        return data[len(self._mark) :] if data is not None and ours else None

    def put(self, name: str, data: bytes) -> None:
        self._kept.put(name, self._mark + data)


def hear(
    samples: Samples,
    windows: Sequence[Window],
    load: Callable[[], Engine],
    weights: str,
    options: TranscribeOptions,
    progress: Callable[[int, int], None],
    kept: Checkpoints,
) -> Heard:
    """Recognise all windows of a recording.

    ``load`` gives the engine when it is needed; ``weights`` is the sha256 of its checkpoint,
    which what is kept belongs to. ``progress`` is told windows (done, all):
    first how many were kept from before, then again after every step of a batch; it may
    raise to stop the work.
    """
    kept = _Ours(kept, weights, options)
    recogniser = _Recogniser(samples, load)
    batches = _plan(windows, recogniser, kept)
    found = [kept.get(_name(number)) for number in range(len(batches))]
    done = sum(len(batch) for batch, data in zip(batches, found, strict=True) if data is not None)
    progress(done, len(windows))
    language = _language(windows, recogniser, options, kept)
    ask = Ask(language.code, options.translate, prompt_for(options, language.code))
    for number, batch in enumerate(batches):
        if found[number] is not None:
            continue
        engine, sound = recogniser.get()
        watch = partial(progress, done, len(windows))
        heard = [
            one
            for part in _fitting(batch, engine.largest_batch)
            for one in recognise(engine, sound, part, ask, watch)
        ]
        data = write_recognised(
            tuple(said for one in heard for said in one.utterances),
            tuple(doubt for one in heard for doubt in one.doubts),
        )
        _note(engine.name, kept)
        kept.put(_name(number), data)
        found[number] = data
        done += len(batch)
        progress(done, len(windows))
    parts = [read_recognised(data) for data in found if data is not None]
    return Heard(
        tuple(sorted((one for said, _ in parts for one in said), key=_moment)),
        tuple(sorted((one for _, doubts in parts for one in doubts), key=_moment)),
        language,
        ", partly ".join(_names(kept)) or recogniser.get()[0].name,
    )


def plan(windows: Sequence[Window], size: int) -> list[Batch]:
    """Pack windows into batches of at most ``size``, the longest first.

    A batch lasts as long as its slowest window, so windows of about one length belong
    together; and if the memory is too small, the first batch shows it.
    """
    longest_first = sorted(windows, key=lambda one: (one.start - one.end, one.start))
    return _fitting(longest_first, size)


def _fitting(windows: Sequence[Window], size: int) -> list[Batch]:
    return [tuple(windows[first : first + size]) for first in range(0, len(windows), size)]


def _plan(windows: Sequence[Window], recogniser: _Recogniser, kept: Checkpoints) -> list[Batch]:
    if (data := kept.get("plan")) is not None:
        return [tuple(Window(*one) for one in batch) for batch in json.loads(data)]
    batches = plan(windows, recogniser.get()[0].largest_batch)
    written = [[(one.start, one.end) for one in batch] for batch in batches]
    kept.put("plan", json.dumps(written).encode())
    return batches


def _language(
    windows: Sequence[Window],
    recogniser: _Recogniser,
    options: TranscribeOptions,
    kept: Checkpoints,
) -> Language:
    if (data := kept.get("language")) is not None:
        code, _, how = data.decode().partition(" ")
        return Language(code, how)
    language = find_language(*recogniser.get(), windows, options)
    kept.put("language", f"{language.code} {language.how}".encode())
    return language


def _names(kept: Checkpoints) -> list[str]:
    """Engines that worked on this recording: another machine may have gone on with it."""
    data = kept.get("recogniser")
    return [] if data is None else json.loads(data)


def _note(name: str, kept: Checkpoints) -> None:
    """Keep the name of the engine that finished a batch; it may change while it works."""
    names = _names(kept)
    if name not in names:
        kept.put("recogniser", json.dumps([*names, name]).encode())


def _name(number: int) -> str:
    return f"batch-{number:05d}"


def _moment(one: Utterance | Doubt) -> tuple[float, float]:
    return one.start, one.end
