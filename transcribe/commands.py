"""The commands ``transcribe`` and ``evaluate``: files in, files out, no study.

Text goes into files and nowhere else: neither standard output nor errors ever carry
what was said.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, open_foreign

from .model_commands import add_models
from .options import STEPS, TranscribeOptions

if TYPE_CHECKING:
    from .audio import Sound

MOST_BYTES: Final = 8 << 30
_FORMS: Final = ("txt", "vtt", "srt", "json", "docx", "rttm", "stm")
_DEMO: Final = "demo model: it knows only the words and voices of Fokus's own sample"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``transcribe``, ``evaluate`` and ``models``, whose ``run`` takes parsed arguments."""
    _add_transcribe(commands)
    _add_evaluate(commands)
    add_models(commands)


def _add_transcribe(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "Transcribe a recording into files, speakers told apart."
    command = commands.add_parser("transcribe", help=text, description=text)
    command.add_argument("file", type=Path, metavar="FILE", help="audio or video")
    command.add_argument("--model", metavar="NAME|PATH|demo", help="default: the best installed")
    command.add_argument("--speakers", type=int, metavar="N", help="exact number, if known")
    command.add_argument("--min-speakers", type=int, metavar="N")
    command.add_argument("--max-speakers", type=int, metavar="N")
    command.add_argument("--language", metavar="L", help="no, nn, en, sv, da, …; default: find out")
    command.add_argument("--out", type=Path, metavar="DIR", help="default: beside FILE")
    command.add_argument("--format", default="txt", metavar=",".join(_FORMS), dest="forms")
    command.set_defaults(run=transcribe_command)


def _add_evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "Compare a transcript with a reference: word and speaker error rates."
    command = commands.add_parser("evaluate", help=text, description=text)
    command.add_argument("--reference", type=Path, required=True, metavar="FILE.stm|FILE.rttm")
    command.add_argument("hypothesis", type=Path, metavar="HYPOTHESIS",
                         help=".json, .stm, .rttm or .vtt")  # fmt: skip
    command.add_argument("--collar", type=float, default=0.25, metavar="SECONDS",
                         help="not scored around each boundary (default 0.25 in all)")  # fmt: skip
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=evaluate_command)


def transcribe_command(arguments: argparse.Namespace) -> int:
    """Transcribe one file and write the forms that were asked for."""
    from . import models

    forms = _forms(arguments.forms)
    file = models.find_model(arguments.model) if arguments.model else models.best_model()
    options = TranscribeOptions(
        arguments.model or file.name, arguments.language, arguments.speakers,
        arguments.min_speakers, arguments.max_speakers,
    )  # fmt: skip
    if file.demo:
        _say(_DEMO)
    folder: Path = arguments.out or arguments.file.parent
    sound = _decode(arguments.file)
    for notice in sound.notices:
        _say(notice)

    from .formats import render
    from .pipeline import transcribe_audio

    meter = _Meter()
    transcription = transcribe_audio(sound.samples, options, meter.show, notices=sound.notices)
    meter.finish()
    if not transcription.turns:
        _say("no speech was found in this recording: the files hold no text")
    _make_folder(folder)
    for form in forms:
        target = folder / f"{arguments.file.stem}.{form}"
        _write(target, render(transcription, form, arguments.file.stem))
        _say(f"wrote {target}")
    return 0


def evaluate_command(arguments: argparse.Namespace) -> int:
    """Print the error rates of one file against another."""
    from .evaluate import evaluate

    scores = asdict(evaluate(arguments.reference, arguments.hypothesis, arguments.collar))
    if arguments.json:
        print(json.dumps(scores))
        return 0
    for name, value in scores.items():
        print(f"{name:12} {'-' if value is None else f'{value:.1%}'}")
    return 0


def _forms(text: str) -> Sequence[str]:
    forms = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if unknown := [form for form in forms if form not in _FORMS]:
        raise BadInput(f"Unknown format {', '.join(unknown)}: choose among {', '.join(_FORMS)}.")
    return forms or ["txt"]


def _decode(path: Path) -> "Sound":
    from .audio import decode

    with open_foreign(path, max_bytes=MOST_BYTES) as stream:
        return decode(stream)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} is not a folder that can be written to.") from error


def _write(path: Path, data: bytes) -> None:
    """Write beside and rename, so that a file is whole or not there."""
    made = path.with_name(f".{path.name}.part")
    try:
        with made.open("wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        made.replace(path)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise BadInput(f"{path} could not be written: {error.strerror}.") from error


def _say(text: str) -> None:
    print(f"fokus: {text}", file=sys.stderr, flush=True)


class _Meter:
    """Progress with the time that remains, on one line of a terminal."""

    def __init__(self) -> None:
        self._step = -1
        self._begun = 0.0
        self._live = sys.stderr.isatty()

    def show(self, step: int, done: int, total: int) -> None:
        """Say where we are; a log gets a line for each step, a terminal one that moves."""
        if step != self._step:
            self.finish()
            self._step, self._begun = step, time.monotonic()
            if not self._live:
                _say(f"step {step + 1} of {len(STEPS)}: {STEPS[step]}")
        if not self._live:
            return
        spent = time.monotonic() - self._begun
        left = f", {_span(spent * (total - done) / done)} left" if 0 < done < total else ""
        line = f"\rfokus: {STEPS[step]} {done} of {total}{left}"
        print(line.ljust(70), end="", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """End the moving line."""
        if self._live and self._step >= 0:
            print(file=sys.stderr, flush=True)


def _span(seconds: float) -> str:
    return f"{round(seconds / 60)} min" if seconds >= 90 else f"{round(seconds)} s"
