"""Diarization error rates of the built-in diarizer on recordings whose speakers are known.

    python -m bench.diarization [FOLDER]

Scores the project's own sample, the two-speaker telephone call inside the pyannote.audio
package, and every sound file below FOLDER that an .rttm file beside it describes (by its
own name, or as one of several recordings). Overlapping speech is scored. The collar is
pyannote.metrics' (0.25 s in all around each boundary; md-eval would call it 0.125).
Prints a Markdown table; rates are percent of the speech in the reference.
"""

import argparse
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from secure_storage import BadInput
from transcribe import SpeakerSpan, TranscribeOptions, read_rttm
from transcribe.audio import SAMPLE_RATE, decode
from transcribe.checkpoints import NoCheckpoints
from transcribe.diarise import diarise
from transcribe.evaluate import diarization_scores
from transcribe.speech import speech_probabilities
from transcribe.windows import speech_regions

ROOT = Path(__file__).parent.parent
SOUND = {".wav", ".flac", ".opus", ".mp3", ".m4a", ".mp4", ".ogg"}


def recordings(folder: Path | None) -> Iterator[tuple[Path, tuple[SpeakerSpan, ...]]]:
    """Sound files with their references."""
    found = importlib.util.find_spec("pyannote.audio")
    assert found is not None and found.origin is not None
    packaged = Path(found.origin).parent / "sample" / "sample.wav"
    own = ROOT / "demo" / "sample.opus"
    others = sorted(folder.rglob("*")) if folder else []
    for path in (own, packaged, *(path for path in others if path.suffix.lower() in SOUND)):
        if spans := reference(path):
            yield path, spans


def reference(path: Path) -> tuple[SpeakerSpan, ...]:
    """The speakers of a file, if an .rttm beside it tells them."""
    beside = path.with_suffix(".rttm")
    for candidate in [beside] if beside.exists() else sorted(path.parent.glob("*.rttm")):
        text = candidate.read_text(encoding="utf-8")
        if candidate != beside and f" {path.stem} " not in text:
            continue
        try:
            return read_rttm(text, path.stem)
        except BadInput:
            continue
    return ()


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def row(path: Path, truth: tuple[SpeakerSpan, ...]) -> str:
    """One line of the table."""
    with path.open("rb") as stream:
        samples = decode(stream).samples
    seconds = len(samples) / SAMPLE_RATE
    regions = speech_regions(speech_probabilities(samples), seconds)
    count = len({span.speaker for span in truth})
    cells = [f"{path.parent.name}/{path.name}", f"{seconds:.0f} s", str(count)]
    for given in (None, count):
        options = TranscribeOptions(speakers=given)
        spans = diarise(samples, regions, options, None, silent, NoCheckpoints()).exclusive
        if given is None:
            cells.append(str(len({span.speaker for span in spans})))
        for collar in (0.25, 0.0):
            der, missed, false_alarm, confusion = (
                f"{100 * share:.1f}"
                for share in diarization_scores(truth, spans, collar)
                if share is not None
            )
            cells.append(f"{der} ({missed} / {false_alarm} / {confusion})")
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.diarization")
    parser.add_argument("folder", type=Path, nargs="?")
    folder: Path | None = parser.parse_args().folder
    print("| recording | length | speakers | found | estimated, collar 0.25 s | estimated, none "
          "| given, collar 0.25 s | given, none |")  # fmt: skip
    print("|---|--:|--:|--:|---|---|---|---|")
    for path, truth in recordings(folder):
        print(row(path, truth), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
