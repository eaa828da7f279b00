"""The commands ``fokus models``: what is here, what can be had, and how it comes in."""

import argparse
import sys
from pathlib import Path
from typing import Final

from secure_storage import FokusError

from . import models

_MB: Final = 1e6
_HINTS: Final = {
    "large-v3": "the most accurate for most languages",
    "large-v3-turbo": "nearly as accurate, several times as fast",
    "nb-whisper-large": "for Norwegian",
    "nb-whisper-large-verbatim": "for Norwegian, with hesitations and repetitions",
    models.PYANNOTE: "tells speakers apart",
}
"""What a model is chosen for, where that is not plain from its name."""


def add_models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``models`` and what can be done with them."""
    text = "See, fetch, carry, import and check recognition and speaker models."
    inner = commands.add_parser("models", help=text, description=text).add_subparsers(
        required=True, metavar="COMMAND"
    )
    _add(inner, "list", _list, "Show the models that are installed and those that can be had.")
    command = _add(inner, "download", _download,
                   "Fetch published models. For a machine with internet.")  # fmt: skip
    _names(command, "+")
    command = _add(
        inner, "bundle", _bundle,
        "Make one file of models to carry to a machine without internet; those that are not "
        "here are fetched first.",
    )  # fmt: skip
    _names(command, "+")
    command.add_argument("--out", type=Path, default=Path("fokus-models.tar"), metavar="FILE",
                         help="default: fokus-models.tar")  # fmt: skip
    command = _add(
        inner, "import", _import,
        "Bring in a bundle, a checkpoint (.pt), a folder of Hugging Face's Whisper weights "
        "(safetensors), or a folder of a pyannote pipeline.",
    )  # fmt: skip
    command.add_argument("source", type=Path, metavar="FILE|FOLDER")
    command.add_argument("--name", metavar="NAME", help="what a checkpoint shall be called")
    command.add_argument("--trust", action="store_true", help="accept a pyannote pipeline that "
                         "is not the published one; its weights can hold programs")  # fmt: skip
    command = _add(inner, "verify", _verify, "Compare installed models with their sha256.")
    _names(command, "*")


def _add(
    inner: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: object, text: str
) -> argparse.ArgumentParser:
    command = inner.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _names(command: argparse.ArgumentParser, count: str) -> None:
    command.add_argument("names", nargs=count, metavar="NAME",
                         help="a model's name, or «pyannote» for the speakers")  # fmt: skip


def _list(_: argparse.Namespace) -> int:
    installed, folder = models.installed_models(), models.pyannote_folder()
    here = [_row(file.name, file.path.stat().st_size, _standing(file)) for file in installed]
    if folder is not None:
        size = sum(one.stat().st_size for one in folder.rglob("*"))
        here.append(_row(models.PYANNOTE, size, "speakers"))
    have = {file.name for file in installed} | ({models.PYANNOTE} if folder else set())
    lines = [
        f"Models in {models.models_folder()}:",
        *(here or ["  none yet"]),
        "To be had with «fokus models download» or «fokus models bundle»:",
        *(f"  {name:28} {_hint(name)}".rstrip() for name in models.PUBLISHED if name not in have),
        "demo comes with Fokus and knows only its own sample.",
    ]
    print("\n".join(lines))
    return 0


def _hint(name: str) -> str:
    """Say what a model is chosen for, and its other names."""
    others = [f"«{alias}»" for alias, of in models.ALIASES.items() if of == name]
    return "; ".join((*([_HINTS[name]] if name in _HINTS else []), *others))


def _row(name: str, size: int, standing: str) -> str:
    return f"  {name:28} {f'{size / _MB:,.0f} MB':>10}  {standing}"


def _standing(file: models.ModelFile) -> str:
    """Say who vouches for a checkpoint, without reading it."""
    if file.demo:
        return "the demo model, under another name"
    listed, published = file.listed(), file.published()
    if listed:
        return "published file, imported" if listed == published else "imported"
    return "copied in, not checked yet" if published else "copied in, nobody vouches for it"


def _download(options: argparse.Namespace) -> int:
    meter = _Meter()
    for name in options.names:
        _say(models.download_model(name, meter.show), meter)
    return 0


def _bundle(options: argparse.Namespace) -> int:
    meter = _Meter()
    models.bundle_models(options.names, options.out, meter.show)
    meter.finish()
    print(f"Made {options.out}. Carry it over and run there: fokus models import {options.out}")
    return 0


def _import(options: argparse.Namespace) -> int:
    meter = _Meter()
    done = models.import_models(options.source, meter.show, name=options.name, trust=options.trust)
    for one in done:
        _say(one, meter)
    return 0


def _verify(options: argparse.Namespace) -> int:
    names = options.names or [
        *(file.name for file in models.installed_models()),
        *([models.PYANNOTE] if models.pyannote_folder() else []),
    ]
    if not names:
        raise models.ModelMissing(
            f"No model is installed in {models.models_folder()}. "
            f"{models.how_to_install(models.OFFICIAL[0])}"
        )
    wrong = 0
    for name in names:
        try:
            print(f"ok    {name}: {models.verified(name)}")
        except FokusError as error:
            wrong += 1
            print(f"FAIL  {name}: {error}")
    return 1 if wrong else 0


def _say(one: models.Imported, meter: "_Meter") -> None:
    meter.finish()
    kind = "the published files" if one.published else "not an official model"
    print(f"Imported {one.name} ({kind}, sha256 {one.sha256[:12]}) into {one.path}")


class _Meter:
    """How much of a file is done, on one line of a terminal; a log gets a line a file."""

    def __init__(self) -> None:
        self._file = ""
        self._live = sys.stderr.isatty()

    def show(self, file: str, done: int, total: int) -> None:
        """Show bytes done of bytes in all (0 when nobody knows)."""
        if file != self._file:
            self.finish()
            self._file = file
            if not self._live:
                print(f"fokus: {file}", file=sys.stderr, flush=True)
        if self._live:
            of = f" of {total / _MB:,.0f}" if total else ""
            line = f"\rfokus: {file} {done / _MB:,.0f}{of} MB"
            print(line.ljust(70), end="", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """End the moving line."""
        if self._live and self._file:
            print(file=sys.stderr, flush=True)
        self._file = ""
