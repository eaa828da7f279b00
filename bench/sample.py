"""Does decoding in batches cost words? The sample, batched and window by window.

    python -m bench.sample [--model MODEL]

The sample goes through the product; then the very same windows through
``whisper.transcribe`` (by ``clip_timestamps``, one after the other, its own retries and word
times), with the same speakers and sentences. Both are scored against the sample's text.
Prints a Markdown table; rates are percent of the reference's words.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import whisper

import demo
from transcribe import TranscribeOptions, Utterance, Word
from transcribe.audio import decode
from transcribe.checkpoints import Checkpoints
from transcribe.evaluate import Scores, compare, of_transcription, read
from transcribe.formats.data import write_recognised
from transcribe.models import find_model
from transcribe.pipeline import transcribe_audio

LANGUAGE = "en"
MOST = 0.005
"""Words by which batches may be worse: half a point."""


class Kept(Checkpoints):
    """Checkpoints in memory."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.data.get(name)

    def put(self, name: str, data: bytes) -> None:
        self.data[name] = data


def score(samples: Any, model: str, kept: Kept) -> Scores:
    """Run the product on what is kept, and score it."""
    options = TranscribeOptions(model=model, language=LANGUAGE)
    found = transcribe_audio(samples, options, lambda step, done, total: None, checkpoints=kept)
    return compare(read(demo.SAMPLE_STM), of_transcription(found))


def one_by_one(samples: Any, model: str, windows: list[list[float]]) -> tuple[Utterance, ...]:
    """What ``whisper.transcribe`` hears in the windows."""
    loaded = whisper.load_model(str(find_model(model).path), device="cpu").eval()
    result = whisper.transcribe(
        loaded, samples, language=LANGUAGE, fp16=False, condition_on_previous_text=False,
        word_timestamps=True, clip_timestamps=list(chain.from_iterable(windows)), verbose=None,
    )  # fmt: skip
    found = []
    for one in result["segments"]:
        words = tuple(
            Word(word["word"].strip(), word["start"], word["end"], word["probability"])
            for word in one["words"]
            if word["word"].strip()
        )
        if words:
            found.append(Utterance(one["start"], one["end"], one["text"].strip(), words))
    return tuple(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when batches are worse by more than half a point."""
    parser = argparse.ArgumentParser(prog="python -m bench.sample")
    parser.add_argument("--model", default="demo")
    model: str = parser.parse_args(arguments).model
    with demo.SAMPLE_AUDIO.open("rb") as stream:
        samples = decode(stream).samples
    kept = Kept()
    batched = score(samples, model, kept)
    _, windows = json.loads(kept.data["speech"])
    mark, names = kept.data["recogniser"].split(b"[", 1)
    (by,) = json.loads(b"[" + names)
    heard = one_by_one(samples, model, windows)
    for name in [name for name in kept.data if name.startswith("batch-")]:
        said = heard if name.endswith("00000") else ()
        kept.data[name] = mark + write_recognised(said, ())
    single = score(samples, model, kept)
    assert None not in (batched.wer, batched.cpwer, single.wer, single.cpwer)
    rows = [(by, batched), (f"whisper.transcribe {whisper.__version__}, float32", single)]
    print(f"| {len(windows)} windows | WER | cpWER |\n|---|--:|--:|")
    for what, found in rows:
        print(f"| {what} | {100 * (found.wer or 0):.2f} | {100 * (found.cpwer or 0):.2f} |")
    worse = [
        (ours or 0) - (theirs or 0)
        for ours, theirs in ((batched.wer, single.wer), (batched.cpwer, single.cpwer))
    ]
    print(f"| batched minus sequential | {100 * worse[0]:+.2f} | {100 * worse[1]:+.2f} |")
    return int(max(worse) > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
