"""Windows of sound to text with times: openai-whisper, its only importer.

Greedy decoding in batches, timestamps on, never conditioned on previous text (that is
how Whisper starts to loop). A window whose text repeats itself or is improbable is
decoded again alone at rising temperatures, with a seed that depends only on the window
and the temperature. What is dropped or stays doubtful is reported, never hidden.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from secure_storage import BadInput

from ..audio import SAMPLE_RATE, Samples
from ..models import ModelFile
from ..options import LANGUAGES
from ..transcript import Doubt, Utterance, Word
from ..windows import Window

# Whisper's own thresholds (whisper/transcribe.py).
_REPETITIVE: Final = 2.4
_IMPROBABLE: Final = -1.0
_NO_SPEECH: Final = 0.6
_TEMPERATURES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
_MEL_RATE: Final = 100
"""Spectrogram frames a second."""
_VOTES: Final = 8
"""Windows that vote for the language."""

DROPPED: Final = "dropped: the recogniser heard no speech here"
REPETITIVE: Final = "kept with doubt: the text repeats itself"
IMPROBABLE: Final = "kept with doubt: the recogniser was unsure"
UNTIMED: Final = "kept: word times are estimates"


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded checkpoint."""

    whisper: Any
    english_only: bool

    @property
    def cuda(self) -> bool:
        """It runs on a GPU."""
        return str(self.whisper.device).startswith("cuda")


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a recording and how it is known."""

    code: str
    how: str


def load(file: ModelFile) -> Model:
    """Load a checkpoint onto the GPU if there is one, else the CPU."""
    import torch
    import whisper

    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        loaded = whisper.load_model(str(file.path), device=device)
    except (RuntimeError, KeyError, TypeError, EOFError, OSError, ValueError) as error:
        raise BadInput(_not_a_model(file)) from error
    except Exception as error:
        if type(error).__module__ not in {"_pickle", "pickle", "zipfile"}:
            raise
        raise BadInput(_not_a_model(file)) from error
    _read_vocabulary(loaded)
    # By path, Whisper does not know which heads follow the words; by size, we do.
    if file.name in whisper._ALIGNMENT_HEADS:
        loaded.set_alignment_heads(whisper._ALIGNMENT_HEADS[file.name])
    return Model(loaded.eval(), not loaded.is_multilingual)


def _read_vocabulary(model: Any) -> None:
    """Have openai-whisper keep its vocabulary; it leaves the file to the garbage collector."""
    import warnings

    import whisper

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        whisper.tokenizer.get_tokenizer(
            model.is_multilingual, num_languages=model.num_languages, language="en"
        )


def _not_a_model(file: ModelFile) -> str:
    return (
        f"{file.path.name} is not a checkpoint in openai-whisper's format, or it is damaged. "
        "Compare its sha256 with the publisher's and copy it again."
    )


def decoder_name() -> str:
    """Name and version of the recogniser, for a methods section."""
    import whisper

    return f"openai-whisper {whisper.__version__}"


def find_language(
    samples: Samples, windows: Sequence[Window], model: Model, given: str | None
) -> Language:
    """Take the given language, or let windows spread over the recording vote."""
    import whisper

    if given is not None and given not in whisper.tokenizer.LANGUAGES:
        raise BadInput(f"«{given}» is not a language code Whisper knows (no, nn, en, sv, da …).")
    if model.english_only:
        if given not in (None, "en"):
            raise BadInput(
                f"This model knows English only and cannot transcribe «{given}». Choose another."
            )
        return Language("en", "the model knows English only" if given is None else "given")
    if given is not None:
        return Language(given, "given")
    voters = [windows[i] for i in sorted({*np.linspace(0, len(windows) - 1, _VOTES, dtype=int)})]
    _, votes = whisper.detect_language(model.whisper, _spectrograms(samples, voters, model))
    shares = {code: sum(vote[code] for vote in votes) for code in LANGUAGES}
    code = max(shares, key=shares.__getitem__)
    certain = shares[code] / max(sum(shares.values()), 1e-12)
    return Language(code, f"voted by {len(voters)} windows among {', '.join(LANGUAGES)} "
                          f"({certain:.0%})")  # fmt: skip


def recognise(
    samples: Samples,
    windows: Sequence[Window],
    model: Model,
    language: str,
    progress: Callable[[int, int], None],
) -> tuple[tuple[Utterance, ...], tuple[Doubt, ...]]:
    """Recognise the windows as one batch; the same windows give the same text."""
    import whisper

    if not windows:
        return (), ()
    spectrograms = _spectrograms(samples, windows, model)
    options = whisper.DecodingOptions(language=language, temperature=0.0, fp16=model.cuda)
    results = whisper.decode(model.whisper, spectrograms, options)
    utterances: list[Utterance] = []
    doubts: list[Doubt] = []
    for index, (window, result) in enumerate(zip(windows, results, strict=True)):
        if _silent(result):
            if result.text.strip():
                doubts.append(_doubt(window, result.text, DROPPED))
        else:
            if _failed(result):
                result = _retry(spectrograms[index], window, model, options, result)
            found, untimed = _utterances(spectrograms[index], window, model, language, result)
            utterances += found
            doubts += _remaining_doubts(window, result, untimed)
        progress(index + 1, len(windows))
    return tuple(utterances), tuple(doubts)


def _spectrograms(samples: Samples, windows: Sequence[Window], model: Model) -> Any:
    """One log-mel spectrogram for each window, padded to 30 s."""
    import torch
    import whisper

    pieces = []
    for window in windows:
        first, last = round(window.start * SAMPLE_RATE), round(window.end * SAMPLE_RATE)
        sound = whisper.pad_or_trim(np.ascontiguousarray(samples[first:last]))
        pieces.append(whisper.log_mel_spectrogram(sound, model.whisper.dims.n_mels))
    return torch.stack(pieces).to(model.whisper.device)


def _silent(result: Any) -> bool:
    return bool(result.no_speech_prob > _NO_SPEECH and result.avg_logprob < _IMPROBABLE)


def _failed(result: Any) -> bool:
    return bool(result.compression_ratio > _REPETITIVE or result.avg_logprob < _IMPROBABLE)


def _retry(spectrogram: Any, window: Window, model: Model, options: Any, first: Any) -> Any:
    """Decode alone at rising temperatures until the text passes; else the most probable."""
    import dataclasses

    import torch
    import whisper

    tried = [first]
    for temperature in _TEMPERATURES:
        warmer = dataclasses.replace(options, temperature=temperature)
        with torch.random.fork_rng():
            torch.manual_seed(round(window.start * 1000) * 10 + round(temperature * 10))
            result = whisper.decode(model.whisper, spectrogram, warmer)
        if not _failed(result):
            return result
        tried.append(result)
    return max(tried, key=lambda one: (one.compression_ratio <= _REPETITIVE, one.avg_logprob))


def _remaining_doubts(window: Window, result: Any, untimed: bool) -> Iterator[Doubt]:
    if result.compression_ratio > _REPETITIVE:
        yield _doubt(window, result.text, REPETITIVE)
    elif result.avg_logprob < _IMPROBABLE:
        yield _doubt(window, result.text, IMPROBABLE)
    if untimed:
        yield _doubt(window, result.text, UNTIMED)


def _doubt(window: Window, text: str, reason: str) -> Doubt:
    return Doubt(window.start, window.end, text.strip(), reason)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text tokens between two time stamps (seconds in the window)."""

    start: float
    end: float
    tokens: tuple[int, ...]


def _pieces(tokens: Sequence[int], tokenizer: Any, length: float) -> Iterator[_Piece]:
    """Cut tokens at their time stamps; text after the last one ends with the window."""
    start, held = 0.0, list[int]()
    for token in tokens:
        if token >= tokenizer.timestamp_begin:
            time = min((token - tokenizer.timestamp_begin) * 0.02, length)
            if held:
                yield _Piece(start, max(time, start), tuple(held))
                held = []
            start = time
        elif token < tokenizer.eot:
            held.append(token)
    if held:
        yield _Piece(start, length, tuple(held))


def _utterances(
    spectrogram: Any, window: Window, model: Model, language: str, result: Any
) -> tuple[list[Utterance], bool]:
    """Utterances of a window, and whether their word times had to be guessed."""
    import whisper

    tokenizer = whisper.tokenizer.get_tokenizer(
        model.whisper.is_multilingual,
        num_languages=model.whisper.num_languages,
        language=language,
        task="transcribe",
    )
    length = window.end - window.start
    pieces = [
        piece
        for piece in _pieces(result.tokens, tokenizer, length)
        if tokenizer.decode(list(piece.tokens)).strip()
    ]
    timed = _word_times(spectrogram, pieces, model, tokenizer, length)
    found, untimed = [], False
    for index, piece in enumerate(pieces):
        words = timed[index] if timed else []
        if not words:
            untimed = True
            text = tokenizer.decode(list(piece.tokens))
            words = _spread(text, piece, math.exp(min(0.0, result.avg_logprob)))
        words = [_shift(word, window.start) for word in words]
        text = " ".join(word.text for word in words)
        start, end = round(window.start + piece.start, 3), round(window.start + piece.end, 3)
        found.append(Utterance(start, max(start, end), text, tuple(words)))
    return found, untimed


def _word_times(
    spectrogram: Any, pieces: Sequence[_Piece], model: Model, tokenizer: Any, length: float
) -> list[list[Word]] | None:
    """Word times from cross-attention, or None where it cannot follow the text."""
    from whisper.timing import add_word_timestamps

    if not pieces:
        return None
    segments = [
        {"seek": 0, "start": piece.start, "end": piece.end, "tokens": list(piece.tokens)}
        for piece in pieces
    ]
    frames = max(2, min(round(length * _MEL_RATE), int(spectrogram.shape[-1])))
    try:
        add_word_timestamps(
            segments=segments, model=model.whisper, tokenizer=tokenizer, mel=spectrogram,
            num_frames=frames, last_speech_timestamp=0.0,
        )  # fmt: skip
    except (RuntimeError, IndexError, ValueError):
        return None
    return [
        _tidy(segment.get("words", []), piece)
        for segment, piece in zip(segments, pieces, strict=True)
    ]


def _tidy(timings: Any, piece: _Piece) -> list[Word]:
    """Words between the piece's time stamps, in order; parts without a space are joined."""
    words: list[Word] = []
    for timing in timings:
        text, start, end = timing["word"], float(timing["start"]), float(timing["end"])
        start = min(max(start, words[-1].end if words else piece.start), piece.end)
        end = min(max(end, start), piece.end)
        confidence = round(float(timing["probability"]), 4)
        if words and not text.startswith(" "):
            last = words.pop()
            start, confidence = last.start, min(last.confidence, confidence)
            text = last.text + text
        if text.strip():
            words.append(Word(text.strip(), start, end, confidence))
    return words


def _spread(text: str, piece: _Piece, confidence: float) -> list[Word]:
    """Share a piece's time among its words by their length."""
    parts = text.split()
    total = sum(len(part) + 1 for part in parts)
    words, place = [], piece.start
    for part in parts:
        end = place + (piece.end - piece.start) * (len(part) + 1) / total
        words.append(Word(part, place, end, round(confidence, 4)))
        place = end
    return words


def _shift(word: Word, offset: float) -> Word:
    start = round(word.start + offset, 3)
    return Word(word.text, start, max(start, round(word.end + offset, 3)), word.confidence)
