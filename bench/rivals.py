"""The recognisers that are compared: ours, openai-whisper as it is, and faster-whisper.

Each gets the same sound, windows of 30 s that begin at the same places, greedy decoding with
time stamps, and word times; nothing is decoded twice. Each says how many words it wrote.
"""

import json
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transcribe import TranscribeOptions
from transcribe.audio import SAMPLE_RATE, Samples
from transcribe.checkpoints import NoCheckpoints
from transcribe.hearing import hear
from transcribe.models import ModelFile
from transcribe.options import Engine as Choice
from transcribe.recognise import load_engine
from transcribe.windows import LONGEST, Window

from .floor import wait

Recogniser = Callable[[Samples], int]
"""Recognises a sound and says how many words it wrote."""


@dataclass(slots=True)
class Stages:
    """Our engine, with a stopwatch at each of its faces."""

    engine: Any
    seconds: dict[str, float] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Pass on what is asked, and count the time of the heavy parts."""
        face = getattr(self.engine, name)
        if name not in ("encode", "decode", "align"):
            return face

        def timed(*asked: Any) -> Any:
            wait()
            began = time.perf_counter()
            try:
                return face(*asked)
            finally:
                wait()
                spent = time.perf_counter() - began
                self.seconds[name] = self.seconds.get(name, 0.0) + spent

        return timed


def ours(file: ModelFile, choice: Choice = "auto") -> tuple[Recogniser, Stages]:
    """Fokus, as a job recognises: spectrogram, batches, retries where they are due."""
    options = TranscribeOptions(language="en", engine=choice)
    engine = Stages(load_engine(file, options))

    def run(samples: Samples) -> int:
        engine.seconds.clear()
        heard = hear(
            samples, _windows(samples), lambda: engine, file.sha256(), options, lambda *_: None,
            NoCheckpoints(),
        )  # fmt: skip
        assert not heard.doubts, "windows were decoded more than once"
        return sum(len(said.words) for said in heard.utterances)

    return run, engine


def stock(file: ModelFile) -> Recogniser:
    """openai-whisper's ``transcribe``, one window after the other."""
    import torch
    import whisper

    model = whisper.load_model(str(file.path))

    def run(samples: Samples) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of triton kernels that do not fit
            found = whisper.transcribe(
                model, samples, language="en", fp16=torch.cuda.is_available(),
                word_timestamps=True, condition_on_previous_text=False,
            )  # fmt: skip
        return sum(len(segment["words"]) for segment in found["segments"])

    return run


def faster(file: ModelFile, folder: Path) -> tuple[Recogniser, str]:
    """faster-whisper's batched pipeline, int8 on a CPU and float16 on a GPU, and its name.

    Raises ImportError where it is not installed (``pip install fokus-workbench[bench]``).
    """
    import faster_whisper
    import torch

    gpu = torch.cuda.is_available()
    precision, batch = ("float16", 16) if gpu else ("int8", 8)
    _as_faster_whisper_wants(file, folder, precision)
    model = faster_whisper.WhisperModel(
        str(folder), device="cuda" if gpu else "cpu", compute_type=precision,
        cpu_threads=torch.get_num_threads(), local_files_only=True,
    )  # fmt: skip
    pipeline = faster_whisper.BatchedInferencePipeline(model)

    def run(samples: Samples) -> int:
        clips = [{"start": one.start, "end": one.end} for one in _windows(samples)]
        found, _ = pipeline.transcribe(
            samples, language="en", batch_size=batch, beam_size=1, word_timestamps=True,
            without_timestamps=False, vad_filter=False, clip_timestamps=clips,
        )  # fmt: skip
        return sum(len(segment.words or ()) for segment in found)

    return run, f"faster-whisper {faster_whisper.__version__} {precision}, batches of {batch}"


def _as_faster_whisper_wants(file: ModelFile, folder: Path, precision: str) -> None:
    """Copy our converted folder and add the files that faster-whisper reads beside it."""
    import tokenizers

    from transcribe.recognise.checkpoint import read_checkpoint
    from transcribe.recognise.ct2_convert import Converted

    shutil.copytree(Converted(file, precision).folder, folder)
    model = read_checkpoint(file)
    words = _tokenizer(model)
    letters = _letters()
    ranks = words.encoding._mergeable_ranks
    spelled = {"".join(letters[byte] for byte in word): rank for word, rank in ranks.items()}
    # Without merges it would cut a text into other tokens, but it only has to read ours.
    made = tokenizers.Tokenizer(tokenizers.models.BPE(spelled, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(sorted(words.special_tokens, key=words.special_tokens.__getitem__))
    made.save(str(folder / "tokenizer.json"))
    told = {"feature_size": model.dims.n_mels}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))


def _tokenizer(model: Any) -> Any:
    from whisper.tokenizer import get_tokenizer

    return get_tokenizer(model.is_multilingual, num_languages=model.num_languages, language="en")


def _letters() -> dict[int, str]:
    """The printable letter that byte-level vocabularies write for each byte (GPT-2's)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {
        byte: chr(256 + place) for place, byte in enumerate(rest)
    }


def _windows(samples: Samples) -> list[Window]:
    """Windows of 30 s, one after the other."""
    total = round(len(samples) / SAMPLE_RATE / LONGEST)
    return [Window(number * LONGEST, (number + 1) * LONGEST) for number in range(total)]
