"""The program that kills jobs and counts, on one short job of several batches."""

import subprocess
import sys
import wave
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_job_killed_and_resumed_does_one_batch_again_and_gives_the_same_bytes(
    tmp_path: Path, spoken_wav: Path
) -> None:
    talk = tmp_path / "talk.wav"
    with wave.open(str(spoken_wav)) as sound, wave.open(str(talk), "wb") as out:
        out.setparams(sound.getparams())
        sound.setpos(6 * sound.getframerate())
        out.writeframes(sound.readframes(22 * sound.getframerate()))
    # The demo model's windows are short: with one in a batch, this is several batches.
    done = subprocess.run(
        [sys.executable, "-m", "bench.resume", "--kills", "1", "--times", "1", "--reach", "0.9",
         "--batch", "1", "--seed", "6", "--engine", "torch", "--sound", str(talk)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    row = [int(cell) for cell in done.stdout.splitlines()[-1].strip("| ").split(" | ")]
    kills, jobs, lost, other, batches, again, most, steps, _, most_steps = row
    assert kills == 1 and jobs >= 1 and (lost, other) == (0, 0)
    assert batches >= 4 * jobs and steps >= jobs
    assert again <= kills and most <= 1 and most_steps <= 1
