"""``fokus doctor``: a check-up of what transcribing needs from this machine.

What is asked of torch is asked here and now, so this takes seconds; nothing is loaded
when the module is imported.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from secure_storage import Check, disk_name, network_disk

from . import models

_GB: Final = 1e9
_LEAST_MEMORY: Final = 4.0
"""GB: the base model and the built-in diarizer with a recording of 90 minutes."""
_SILENT: Final = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "OTEL_SDK_DISABLED": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Switches of pyannote.audio, OpenTelemetry and Hugging Face."""
_CGROUP: Final = Path("/sys/fs/cgroup/memory.max")


def doctor() -> tuple[Check, ...]:
    """Check the processor, the memory, the models, the telemetry and the disk of the models."""
    return (*_machine(), *_engines(), *_models(), _telemetry(), *_place())


def _machine() -> Iterator[Check]:
    try:
        import torch

        gpus = [torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count())]
        threads = torch.get_num_threads()
    except Exception as error:
        # A broken installation fails in many ways (a missing driver library, a wrong wheel).
        yield Check("torch", False, f"cannot be loaded ({type(error).__name__}): install it again")
        return
    named = ", ".join(f"{gpu.name} ({gpu.total_memory / _GB:.0f} GB)" for gpu in gpus)
    cores = len(os.sched_getaffinity(0))
    yield Check("GPU", True, named or "none: the processor does the work, which takes much longer",
                note=not gpus)  # fmt: skip
    yield Check("processor", True, f"{cores} cores, {threads} of them used by torch")
    free, total = memory()
    yield Check(
        "memory", total >= _LEAST_MEMORY, f"{free:.1f} of {total:.1f} GB free"
        + ("" if total >= _LEAST_MEMORY else f": {_LEAST_MEMORY:.0f} GB are needed"),
    )  # fmt: skip
    yield Check("precision", True, _precision(bool(gpus)))


def _precision(gpu: bool) -> str:
    import torch

    if gpu:
        return "float16 for recognition (norms in float32), float32 for speakers"
    fast = torch.cpu.get_capabilities().get("amx_bf16")
    return "bfloat16 in the recogniser (AMX), else float32" if fast else "float32"


def memory() -> tuple[float, float]:
    """Give the free and the whole memory in GB, as far as this process may use it."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        # Of a container or a job of a cluster; «max» where there is no bound.
        bound = int(_CGROUP.read_text("ascii"))
        used = int(_CGROUP.with_name("memory.current").read_text("ascii"))
    except (OSError, ValueError):
        return free / _GB, pages / _GB
    return min(free, max(bound - used, 0)) / _GB, min(pages, bound) / _GB


def _engines() -> Iterator[Check]:
    present = []
    for name in ("openai-whisper", "torch", "ctranslate2"):
        try:
            present.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    yield Check("engine", len(present) >= 2, ", ".join(present) or "none is installed")


def _models() -> Iterator[Check]:
    demo = models.demo_checkpoint()
    yield Check("demo model", demo.is_file(), str(demo) if demo.is_file() else f"{demo} is missing")
    installed = models.installed_models()
    yield Check(
        "recognition models", True,
        ", ".join(file.name for file in installed) if installed else
        f"none in {models.models_folder()} (only the demo model). "
        + models.how_to_install(models.OFFICIAL[0]), note=not installed,
    )  # fmt: skip
    yield from _odd(installed)
    folder = models.pyannote_folder()
    yield Check(
        "speakers", True, f"pyannote.audio from {folder}" if folder else
        "built-in diarizer (no pyannote pipeline is installed)",
    )  # fmt: skip


def _odd(installed: tuple[models.ModelFile, ...]) -> Iterator[Check]:
    unknown = [file.name for file in installed if not file.listed() and not file.demo]
    if unknown:
        yield Check(
            "models nobody has checked", True, f"{', '.join(unknown)}: run fokus models verify",
            note=True,
        )  # fmt: skip
    folder = models.pyannote_folder()
    if folder is not None and not (folder / models.MANIFEST).is_file():
        yield Check("pyannote pipeline", False,
                    f"nobody vouches for it: run fokus models import {folder}")  # fmt: skip


def _telemetry() -> Check:
    """Look whether the one library that reports to its makers is silenced where it is used."""
    if models.pyannote_folder() is None:
        return Check("telemetry", True, "no library that reports anything is in use")
    from . import pyannote_diariser  # noqa: F401  (sets the switches, as for every job)

    wrong = [f"{name}={os.environ.get(name, '')}" for name, value in _SILENT.items()
             if os.environ.get(name) != value]  # fmt: skip
    off = ", ".join(f"{name}={value}" for name, value in _SILENT.items())
    return Check(
        "telemetry", not wrong,
        f"not off: {', '.join(wrong)}" if wrong else f"off before pyannote.audio loads: {off}",
    )  # fmt: skip


def _place() -> Iterator[Check]:
    place = models.models_folder()
    while not place.exists():
        place = place.parent
    network = network_disk(place)
    free = shutil.disk_usage(place).free / _GB
    kind = f"{network}, a network disk: models load as fast as the network" if network else (
        f"{disk_name(place) or 'unknown'}, on this machine"
    )  # fmt: skip
    yield Check("disk of the models", True, f"{kind}; {free:.0f} GB free")
    folder = models.models_folder()
    if folder.exists():
        loose = stat.S_IMODE(folder.stat().st_mode) & 0o002 != 0
        yield Check("who can change the models", not loose,
                    f"everybody on this machine: chmod o-w {folder}" if loose else
                    "not everybody")  # fmt: skip
