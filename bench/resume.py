"""A transcription is killed (``kill -9``) at random moments and resumed, again and again.

    python -m bench.resume [--kills N] [--reach SHARE] [--times N] [--batch N] [--seed N]
        [--engine torch|ctranslate2]

A sealed job of the demo model on the sample recording (``--times`` over) is worked on by a
process that is killed after a random time, up to ``--reach`` of what the whole job takes;
the next one resumes it. When it is done, its result must be, byte for byte, that of a job
that nobody disturbed, and another job begins, until there were enough kills. Each begun
batch of windows and step of diarization is counted, so what was done twice is known.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args
from unittest.mock import patch

import demo
from secure_storage import new_key
from transcribe import TranscribeOptions, capsule
from transcribe.options import Engine

KEY: Final = new_key()
UNITS: Final = {"batch": "batch-", "step": "voices-"}
"""What is begun and kept as a whole, and how its checkpoints are named."""


@dataclass(slots=True)
class Found:
    """What all kills together came to."""

    kills: int = 0
    jobs: int = 0
    other_results: int = 0
    lost: int = 0
    """Checkpoints that were there after a kill and gone, or made anew, later."""
    units: Counter[str] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    """Of each kind: all there are, those done again, and the most of them for one kill."""


def work_and_log(path: Path, log: Path, batch: int) -> None:
    """In the child: work on the capsule, noting what is begun and what is kept."""
    from transcribe import hearing, pipeline, work

    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(*words: str) -> None:
        os.write(file, (" ".join(words) + "\n").encode())

    recognise: Any = vars(hearing)["recognise"]
    tell, put = work._Teller.__call__, work._Sealed.put

    def recognising(*given: Any) -> Any:
        note("begun", "batch")
        return recognise(*given)

    def telling(teller: Any, step: int, done: int, total: int) -> None:
        if step == pipeline.DIARISE and done < total:
            note("begun", "step")
        tell(teller, step, done, total)

    def putting(kept: Any, name: str, data: bytes) -> None:
        put(kept, name, data)
        note("kept", name)

    with (
        patch.object(hearing, "plan", partial(_small, hearing.plan, batch)),
        patch.object(hearing, "recognise", recognising),
        patch.object(work._Teller, "__call__", telling),
        patch.object(work._Sealed, "put", putting),
    ):
        work.work(path, KEY)


def _small(plan: Callable[[Any, int], Any], batch: int, windows: Any, _: int) -> Any:
    return plan(windows, batch)


def run(path: Path, log: Path, batch: int, moment: float | None) -> bool:
    """Work on the capsule in a child, killed at ``moment``; True if it came to its end.

    The child is forked from this process, which has loaded the libraries and run none of
    them, so that kills fall into the work and not into Python's start.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work_and_log(path, log, batch)
        finally:
            os._exit(0)
    if moment is not None:
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return not os.WIFSIGNALED(status)


def make(folder: Path, sound: Path, times: int, model: str, engine: Engine) -> Path:
    """A capsule with the sound several times over, one after the other."""
    from transcribe.audio import decode

    with sound.open("rb") as stream:
        length = decode(stream).duration
    parts = [([sound.read_bytes()], index * length) for index in range(times)]
    options = TranscribeOptions(model=model, language="en", engine=engine)
    return capsule.create(folder, parts, options, KEY)


def kept(path: Path) -> dict[str, bytes]:
    """Give the checkpoints there are."""
    return {one.name: one.read_bytes() for one in path.glob("kept-*")}


def one_job(
    path: Path, reach: float, batch: int, kills: int, chance: random.Random, found: Found
) -> None:
    """Kill and resume until it is done, or there were enough kills; then let it end."""
    log = path.parent / f"{path.name}.log"
    before: dict[str, bytes] = {}
    begun, done = Counter[str](), Counter[str]()
    ended = False
    while not ended:
        moment = chance.uniform(0, reach) if found.kills < kills else None
        log.unlink(missing_ok=True)
        ended = run(path, log, batch, moment)
        found.kills += not ended
        now = kept(path)
        found.lost += sum(1 for name, data in before.items() if now.get(name) != data)
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        for kind, prefix in UNITS.items():
            here = sum(1 for what, name in lines if (what, name) == ("begun", kind))
            new = sum(1 for name in now.keys() - before.keys() if name[5:].startswith(prefix))
            begun[kind] += here
            done[kind] += new
            found.most[kind] = max(found.most[kind], here - new)
        before = now
    found.jobs += 1
    found.units += done
    found.again += begun - done


def load_libraries() -> None:
    """Import what a worker imports in the course of its work, and run nothing."""
    import ctranslate2  # noqa: F401
    import resemblyzer  # noqa: F401
    import silero_vad  # noqa: F401
    import spacy  # noqa: F401
    import torch  # noqa: F401
    import whisper  # noqa: F401

    from transcribe import pipeline  # noqa: F401


def sweep(
    kills: int,
    reach: float,
    times: int,
    batch: int,
    seed: int,
    sound: Path = demo.SAMPLE_AUDIO,
    model: str = "demo",
    engine: Engine = "auto",
) -> Found:
    """Kill that often, on as many jobs as it takes."""
    load_libraries()
    chance, found = random.Random(seed), Found()
    with tempfile.TemporaryDirectory() as folder:
        calm = make(Path(folder), sound, times, model, engine)
        began = time.monotonic()
        run(calm, Path(folder) / "calm.log", batch, None)
        whole = time.monotonic() - began
        expected = capsule.get(calm, "result", KEY)
        while found.kills < kills:
            path = make(Path(folder), sound, times, model, engine)
            one_job(path, reach * whole, batch, kills, chance, found)
            found.other_results += capsule.get(path, "result", KEY) != expected
    return found


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--reach", type=float, default=0.4)
    options.add_argument("--times", type=int, default=1)
    options.add_argument("--batch", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--sound", type=Path, default=demo.SAMPLE_AUDIO)
    options.add_argument("--model", default="demo")
    options.add_argument("--engine", choices=get_args(Engine), default="auto")
    found = sweep(**vars(options.parse_args()))
    print("| kills | jobs | checkpoints lost | other results | batches | done again | most for one "
          "kill | diarization steps | done again | most for one kill |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    cells = [found.kills, found.jobs, found.lost, found.other_results]
    for kind in UNITS:
        cells += [found.units[kind], found.again[kind], found.most[kind]]
    print("| " + " | ".join(map(str, cells)) + " |")
    bad = found.lost or found.other_results or any(found.most[kind] > 1 for kind in UNITS)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
