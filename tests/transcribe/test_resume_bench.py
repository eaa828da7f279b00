"""The program that kills jobs and counts, on one short job."""

import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_job_killed_and_resumed_gives_the_same_bytes(
    tmp_path: Path, spoken_wav: Path, scripted_model: Callable[..., Path]
) -> None:
    talk = tmp_path / "talk.wav"
    with wave.open(str(spoken_wav)) as sound, wave.open(str(talk), "wb") as out:
        out.setparams(sound.getparams())
        sound.setpos(6 * sound.getframerate())
        out.writeframes(sound.readframes(8 * sound.getframerate()))
    done = subprocess.run(
        [sys.executable, "-m", "bench.resume", "--kills", "1", "--times", "1", "--reach", "0.7",
         "--sound", str(talk), "--model", str(scripted_model((0.0, "It helps.", 2.0)))],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    row = [int(cell) for cell in done.stdout.splitlines()[-1].strip("| ").split(" | ")]
    kills, jobs, lost, other, batches, _, most, steps, _, most_steps = row
    assert kills == 1 and jobs >= 1 and (lost, other) == (0, 0)
    assert batches >= jobs and steps >= jobs
    assert most <= 1 and most_steps <= 1
