"""The program that measures a whole job does all of one and says what was not measured."""

import warnings

import pytest

from bench import whole_job
from transcribe.options import STEPS


def test_a_whole_job_runs_on_toy_shapes_and_its_steps_are_timed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pyannote's libraries say on import
        assert whole_job.main(["--tiny"]) == 0
    told = capsys.readouterr().out.splitlines()
    rows = [line.strip("| ").split(" | ") for line in told if line.startswith("| toy")]
    assert [row[3] for row in rows[:-1]] == list(STEPS)
    assert all(float(row[4]) <= float(row[5]) <= float(rows[-1][5]) for row in rows)
    assert "whole job, 12 words" in rows[-1][3]
    assert "90 min | whole job, limit 60 s" in told[-1] and told[-1].endswith("| not measured |")
