"""Small forms of the benchmarks that cut, kill and break: nothing confirmed is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def cells(*command: str) -> list[str]:
    """Run a benchmark; gives the last row of its table."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) == 2, done.stderr
    return [cell.strip() for cell in rows[-1].strip("|").split("|")]


@pytest.mark.traced
def test_a_power_cut_loses_nothing() -> None:
    row = cells("bench.powerloss", "--cuts", "300", "--workers", "1")
    assert row == ["150", "150", "0", "0", "0", "0"]


@pytest.mark.traced
def test_the_simulated_power_cut_would_find_a_loss() -> None:
    row = cells("bench.powerloss", "--cuts", "120", "--workers", "1", "--careless")
    assert int(row[2]) > 0


@pytest.mark.traced
@pytest.mark.parametrize("seed", ["4", "5"])
def test_system_calls_that_fail_lose_nothing(seed: str) -> None:
    row = cells("bench.faults", "--most", "20", "--seed", seed)
    assert int(row[1]) > 0 and int(row[2]) > 0 and row[3:] == ["0"] * 5


def test_a_killed_server_loses_nothing() -> None:
    row = cells("bench.kill", "--rounds", "3", "--writers", "2")
    assert int(row[1]) > 0 and row[2:] == ["0"] * 4


def test_corrections_outlive_the_server() -> None:
    row = cells("bench.editing", "--writes", "0", "--rounds", "2", "--writers", "2")
    assert int(row[1]) > 0 and row[2:] == ["0"] * 4


def test_coders_at_once_lose_nothing_and_hear_of_everything() -> None:
    row = cells("bench.coders", "--coders", "4", "--writes", "15")
    assert row[:5] == ["4", "60", "0", "0", "0"]
