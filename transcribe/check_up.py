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
from .recognise import fastest_engine

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
_CGROUPS: Final = Path("/sys/fs/cgroup")


def doctor() -> tuple[Check, ...]:
    """Check the processor, the memory, the models, the telemetry and the disk of the models."""
    return (*_machine(), *_models(), _telemetry(), *_place())


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
    yield _engines()


def _precision(gpu: bool) -> str:
    import torch

    if gpu:
        return "float16 for recognition (norms in float32), float32 for speakers"
    fast = torch.cpu.get_capabilities().get("amx_bf16")
    kind = "bfloat16 (AMX)" if fast else "float32"
    return f"{kind} for recognition with torch, int8 with ctranslate2; float32 for speakers"


def memory(cgroups: Path = _CGROUPS, own: str | None = None) -> tuple[float, float]:
    """Give the free and the whole memory in GB, as far as this process may use it.

    ``own`` is the process's control group, in which a container or a job of a cluster may
    have less than the machine; each group on the way up may set a bound.
    """
    lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    said = {name: int(rest.split()[0]) << 10 for name, _, rest in (x.partition(":") for x in lines)}
    free, total = said["MemAvailable"], said["MemTotal"]
    group = cgroups / (_own_group() if own is None else own).lstrip("/")
    for folder in (group, *group.parents):
        try:
            bound = int((folder / "memory.max").read_text("ascii"))
            used = int((folder / "memory.current").read_text("ascii"))
        except (OSError, ValueError):  # no group of this kind, or «max»
            continue
        free, total = min(free, max(bound - used, 0)), min(total, bound)
    return free / _GB, total / _GB


def _own_group() -> str:
    try:
        return Path("/proc/self/cgroup").read_text("utf-8").splitlines()[-1].partition("::")[2]
    except (OSError, IndexError):
        return ""


def _engines() -> Check:
    """Say what recognises here, unless a job asks for another engine."""
    present = {name: _version(name) for name in ("openai-whisper", "torch", "ctranslate2")}
    used = ("openai-whisper", "torch") if fastest_engine() == "torch" else ("ctranslate2",)
    good = all(present[name] for name in used)
    said = ", ".join(f"{name} {found}" for name, found in present.items() if found)
    return Check("engine", good, f"{' on '.join(used)} ({said})" if good else
                 f"{used[0]} is missing: install Fokus again")  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


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
