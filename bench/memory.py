"""How much memory a long recording takes, besides the program and the model.

    python -m bench.memory [--minutes 90] [--model MODEL] [--tiny]

The sample's talk, over and over, is written as a sound file of that length and goes
through the product on the CPU. Before, half a minute is transcribed, so that libraries
and weights are there; what the process holds then is the base. The kernel keeps the highest
water mark, which is read and reset at each step. Prints a Markdown table; 1 when the most
is above 2 GB. ``--tiny`` takes a model of one layer made here, which only shows how the
memory grows with the recording.
"""

import argparse
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import demo
from transcribe import TranscribeOptions
from transcribe.audio import SAMPLE_RATE, Samples, decode
from transcribe.loaded import Loaded
from transcribe.options import STEPS
from transcribe.pipeline import transcribe_audio

LIMIT = 2e9


class HighWater:
    """The most memory the process held in each step (bytes)."""

    def __init__(self) -> None:
        self.most: dict[int, int] = {}
        self._step = 0
        self.reset()

    def __call__(self, step: int, done: int, total: int) -> None:
        self.read()
        self._step = step

    def read(self) -> None:
        """Note the mark for the step at work."""
        self.most[self._step] = max(self.most.get(self._step, 0), status("VmHWM"))
        self.reset()

    def reset(self) -> None:
        """Let the mark begin at what is held now."""
        Path("/proc/self/clear_refs").write_text("5")


def status(name: str) -> int:
    """One of the kernel's figures about this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def write(samples: Samples, minutes: float, path: Path) -> None:
    """Write the sound over and over until it is so long."""
    one = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    left = int(minutes * 60 * SAMPLE_RATE) * 2
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        while left > 0:
            out.writeframesraw(one[:left])
            left -= len(one)


def tiny(folder: Path) -> str:
    """A Whisper of one layer with random weights."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    dims = ModelDimensions(80, 1500, 64, 1, 1, 51864, 32, 64, 1, 1)
    torch.save(
        {"dims": vars(dims), "model_state_dict": Whisper(dims).state_dict()}, folder / "t.pt"
    )
    return str(folder / "t.pt")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args(arguments)
    with demo.SAMPLE_AUDIO.open("rb") as stream:
        sample = decode(stream).samples
    loaded = Loaded()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(sample, args.minutes, folder / "long.wav")
        options = TranscribeOptions(
            model=tiny(folder) if args.tiny else args.model, language="en", speakers=6
        )
        transcribe_audio(sample[: 30 * SAMPLE_RATE], options, lambda *step: None, loaded=loaded)
        del sample
        water, base = HighWater(), status("VmRSS")
        with (folder / "long.wav").open("rb") as stream:
            samples = decode(stream).samples
        transcribe_audio(samples, options, water, loaded=loaded)
        water.read()
    print(f"| step, {args.minutes:g} minutes | most memory above the base |\n|---|--:|")
    for step, most in sorted(water.most.items()):
        print(f"| {STEPS[step]} | {(most - base) / 1e9:.2f} GB |")
    print(f"| base: libraries and weights | {base / 1e9:.2f} GB |")
    return int(max(water.most.values()) - base > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
