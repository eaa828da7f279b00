"""The commands ``transcribe`` and ``evaluate``: files in, files out, no study.

Text goes into files and nowhere else: neither standard output nor errors ever carry
what was said.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from secure_storage import BadInput, FokusError, SlurmSettings, open_foreign, read_settings

from .model_commands import add_models
from .options import LANGUAGES, STEPS, Engine, TranscribeOptions
from .pace import Pace, share_done

if TYPE_CHECKING:
    from .audio import Sound
    from .loaded import Loaded
    from .models import ModelFile
    from .transcript import Transcription

MOST_BYTES: Final = 8 << 30
_FORMS: Final = ("txt", "vtt", "srt", "json", "docx", "rttm", "stm")
_DEMO: Final = "demo model: it knows only the words and voices of Fokus's own sample"
_MOST_WORDS: Final = 1 << 20
_SCORES: Final = {
    "wer": "of the words are wrong, missing or too many",
    "wer_fluent": "the same, hesitations (mm, eh, um …) aside",
    "cpwer": "like wer, a right word under the wrong speaker counting as wrong",
    "wder": "of the words that were heard stand under the wrong speaker",
    "der": "of the speaking time is ascribed wrongly: missed + false alarm + confusion",
    "missed": "of the speaking time in which nobody was heard",
    "false_alarm": "in which somebody was heard who does not speak",
    "confusion": "in which somebody else was heard",
    "jer": "wrong on average over the speakers, quiet ones counting as much as others",
}
"""What each rate means, in the order in which they are printed."""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``transcribe``, ``evaluate`` and ``models``, whose ``run`` takes parsed arguments."""
    _add_transcribe(commands)
    _add_evaluate(commands)
    add_models(commands)


def _add_transcribe(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = (
        "Transcribe recordings into files, one after the other, speakers told apart. The same "
        "command goes on where it was interrupted, with the recordings that have no files yet."
    )
    command = commands.add_parser("transcribe", help=text, description=text)
    add = command.add_argument
    add("files", type=Path, nargs="+", metavar="FILE", help="audio or video")
    add("--model", metavar="NAME|PATH|demo", help="default: the best installed")
    add("--speakers", type=int, metavar="N", help="exact number, if known; default: estimated")
    add("--min-speakers", type=int, metavar="N", help="at least so many")
    add("--max-speakers", type=int, metavar="N", help="at most so many")
    add("--language", metavar="L", help="no, nn, en, sv, da, …; default: find out")
    add("--languages", metavar="L,L", default=",".join(LANGUAGES),
        help="among which an unknown language is looked for (default %(default)s)")  # fmt: skip
    # A file, because every user of the machine can read the arguments of a command.
    add("--words", type=Path, metavar="TEXTFILE", help="names and terms to expect, one on a line")
    add("--verbatim", action="store_true",
        help="write hesitations and false starts, as far as the model can")  # fmt: skip
    add("--translate", action="store_true", help="write English, whatever is spoken")
    add("--keep-inventions", action="store_true",
        help="do not drop known subtitle credits where hardly anybody speaks")  # fmt: skip
    add("--engine", choices=get_args(Engine), default="auto", help="default: the fastest here")
    add("--out", type=Path, metavar="DIR", help="default: beside each FILE")
    add("--format", default="txt", metavar=",".join(_FORMS), dest="forms")
    add("--again", action="store_true", help="replace the files of an earlier run")
    add("--slurm", action="store_true", help="on the cluster, all FILES as one job array")
    add("--home", type=Path, metavar="DIR",
        help="with --slurm: the folder whose fokus.toml says what to ask of it")  # fmt: skip
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
    """Transcribe the files one after the other; what goes wrong with one stops no other."""
    from . import models
    from .loaded import Loaded

    if arguments.home and not arguments.slurm:
        raise BadInput("--home says what to ask of Slurm. Give it together with --slurm.")
    forms = _forms(arguments.forms)
    file = models.find_model(arguments.model) if arguments.model else models.best_model()
    options = _options(arguments, arguments.model or file.name)
    targets = _targets(arguments.files, arguments.out)
    place = next(iter(targets.values())).parent / ".fokus-slurm"
    # A run that is under way on the cluster knows itself which of its files are done.
    if not arguments.again and not (arguments.slurm and place.exists()):
        targets = _without_finished(targets, forms)
    if not targets:
        return 0
    if file.demo:
        _say(_DEMO)
    if arguments.slurm:
        return _on_slurm(targets, forms, options, arguments.home, place)
    loaded, failed = Loaded(), 0
    _load(loaded, file, options)
    for number, (path, target) in enumerate(targets.items(), 1):
        if len(targets) > 1:
            _say(f"{path} ({number} of {len(targets)})")
        try:
            _transcribe(path, target, forms, options, loaded)
        except FokusError as error:
            if len(targets) == 1:
                raise
            failed += 1
            _say(f"{path}: {error}")
    if failed:
        _say(f"{failed} of {len(targets)} recordings could not be transcribed; see above")
    return 1 if failed else 0


def _load(loaded: "Loaded", file: "ModelFile", options: TranscribeOptions) -> None:
    """Load the recogniser first: a wrong model or language is told before any work is done."""
    from .recognise import given_language

    _say(f"loading the model {file.name}")
    given_language(loaded.engine(file, options, file.sha256()), options)


def _options(arguments: argparse.Namespace, model: str) -> TranscribeOptions:
    return TranscribeOptions(
        model=model,
        language=arguments.language,
        speakers=arguments.speakers,
        min_speakers=arguments.min_speakers,
        max_speakers=arguments.max_speakers,
        allowed=tuple(code for code in arguments.languages.split(",") if code.strip()),
        prompt=_read_words(arguments.words) if arguments.words else "",
        verbatim=arguments.verbatim,
        translate=arguments.translate,
        drop_phrases=not arguments.keep_inventions,
        engine=arguments.engine,
    )


def _read_words(path: Path) -> str:
    with open_foreign(path, max_bytes=_MOST_WORDS) as stream:
        try:
            return stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadInput(f"{path} is not a text file. Save it as plain text (UTF-8).") from error


def _targets(files: Sequence[Path], out: Path | None) -> dict[Path, Path]:
    """Where each recording's text goes, without the ending; refused if two go to one place."""
    targets: dict[Path, Path] = {}
    for path in dict.fromkeys(files):
        if not path.is_file():
            raise BadInput(f"There is no file {path}. Nothing was transcribed.")
        target = (out or path.parent) / path.stem
        if target in targets.values():
            raise BadInput(
                f"Two of the recordings are called «{path.stem}», and the text of one would "
                "replace the other's. Transcribe them into different folders (--out)."
            )
        targets[path] = target
    return targets


def _without_finished(targets: dict[Path, Path], forms: Sequence[str]) -> dict[Path, Path]:
    """Leave out, and name, the recordings all of whose files are there already."""
    left = {}
    for path, target in targets.items():
        if all(_made(target, form).exists() for form in forms):
            _say(f"{path} has been transcribed already; --again replaces {_made(target, forms[0])}")
        else:
            left[path] = target
    return left


def _transcribe(
    path: Path, target: Path, forms: Sequence[str], options: TranscribeOptions, loaded: "Loaded"
) -> None:
    """Transcribe one file and write the forms that were asked for."""
    from .pipeline import transcribe_audio

    meter = _Meter()
    try:
        meter.show(0, 0, 1)
        sound = _decode(path)
        meter.show(0, 1, 1)
        for notice in sound.notices:
            meter.finish()
            _say(notice)
        transcription = transcribe_audio(
            sound.samples, options, meter.show, notices=sound.notices, loaded=loaded
        )
    finally:
        meter.finish()
    _write_forms(transcription, path, target, forms)


def _on_slurm(
    targets: dict[Path, Path],
    forms: Sequence[str],
    options: TranscribeOptions,
    home: Path | None,
    place: Path,
) -> int:
    """Transcribe the files on the cluster and write each one's forms as it is done."""
    from .capsule import Failure
    from .slurm_files import Outcome, transcribe_files

    settings = read_settings(home).slurm if home else None
    places = {str(path.resolve()): path for path in targets}
    failed = 0

    def keep(outcome: Outcome) -> None:
        nonlocal failed
        path = places[outcome.file]
        if isinstance(outcome.result, Failure):
            failed += 1
            _say(f"{path}: {outcome.result.message}")
        else:
            _write_forms(outcome.result, path, targets[path], forms)

    if Path(options.model).is_file():  # the cluster has another folder of its own
        options = replace(options, model=str(Path(options.model).resolve()))
    new = not place.parent.exists()
    _make_folder(place.parent)
    try:
        transcribe_files(
            list(targets), options, place, settings or SlurmSettings(), keep, _say, MOST_BYTES
        )
    except BaseException:
        if new:
            with suppress(OSError):  # it holds something: then it stays
                place.parent.rmdir()
        raise
    return 1 if failed else 0


def _write_forms(
    transcription: "Transcription", path: Path, target: Path, forms: Sequence[str]
) -> None:
    from .formats import render

    if not transcription.turns:
        _say(f"no speech was found in {path.name}: the files hold no text")
    _make_folder(target.parent)
    for form in forms:
        made = _made(target, form)
        _write(made, render(transcription, form, path.stem))
        _say(f"wrote {made}")


def _made(target: Path, form: str) -> Path:
    return target.with_name(f"{target.name}.{form}")


def evaluate_command(arguments: argparse.Namespace) -> int:
    """Print the error rates of one file against another."""
    from .evaluate import evaluate

    scores = evaluate(arguments.reference, arguments.hypothesis, arguments.collar)
    if arguments.json:
        print(json.dumps(asdict(scores)))
        return 0
    for name, meaning in _SCORES.items():
        value = getattr(scores, name)
        rate = "-" if value is None else f"{value:.1%}"
        print(f"{name.replace('_', ' '):12} {rate:>7}  {meaning}")
    if scores.wder:
        print(f"One word in {round(1 / scores.wder)} stands under the wrong speaker.")
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
    """Progress of a recording with the time that remains, on one line of a terminal."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._told: set[int] = set()
        self._live = sys.stderr.isatty()
        self._open = False

    def show(self, step: int, done: int, total: int) -> None:
        """Say where we are; a log gets a line for each step, a terminal one that moves."""
        self._pace.tell(step, done, total)
        if not self._live:
            if step not in self._told:
                _say(f"step {step + 1} of {len(STEPS)}: {STEPS[step]}")
            self._told.add(step)
            return
        steps = self._pace.steps
        at_work = [name for name, one in zip(STEPS, steps, strict=True) if one.done < one.total]
        seconds = self._pace.left()
        left = "" if seconds is None else f", about {_span(seconds)} left"
        line = f"fokus: {share_done(steps):4.0%} {' and '.join(at_work) or STEPS[step]}{left}"
        print(f"\r{line.ljust(70)}", end="", file=sys.stderr, flush=True)
        self._open = True

    def finish(self) -> None:
        """End the moving line."""
        if self._open:
            print(file=sys.stderr, flush=True)
        self._open = False


def _span(seconds: float) -> str:
    return f"{round(seconds / 60)} min" if seconds >= 90 else f"{round(seconds)} s"
