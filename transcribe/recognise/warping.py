"""Dynamic time warping of several small matrices at once. Pure.

The path is that of ``whisper.timing.dtw_cpu`` (Sakoe and Chiba 1978, steps of one, no
window), ties included. That one is compiled anew in every process, which takes seconds: as
long as aligning an hour of talk takes here, diagonal by diagonal over all matrices.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Path = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns of a matrix, from the first cell to the last."""


def cheapest_paths(matrices: Sequence[NDArray[np.float64]]) -> list[Path]:
    """Find the cheapest way through each matrix of costs, all finite."""
    if not matrices:
        return []
    rows = max(len(one) for one in matrices)
    columns = max(one.shape[1] for one in matrices)
    costs = np.zeros((len(matrices), rows, columns))
    for index, one in enumerate(matrices):
        costs[index, : len(one), : one.shape[1]] = one
    steps = _steps(costs)
    return [_back(steps[:, index], *one.shape) for index, one in enumerate(matrices)]


def _steps(costs: NDArray[np.float64]) -> NDArray[np.uint8]:
    """How each cell is best reached: 0 from both before, 1 from the row, 2 from the column.

    Shape (diagonals, matrices, rows + 1); rows and columns count from 1, and cell (row,
    column) lies on the diagonal row + column.
    """
    count, rows, columns = costs.shape
    steps = np.zeros((rows + columns + 1, count, rows + 1), np.uint8)
    nowhere = np.full((count, rows + 1), np.inf, np.float32)
    older, old = nowhere.copy(), nowhere
    older[:, 0] = 0.0
    for diagonal in range(2, rows + columns + 1):
        low, high = max(1, diagonal - columns), min(rows, diagonal - 1) + 1
        both, row, column = (
            older[:, low - 1 : high - 1],
            old[:, low - 1 : high - 1],
            old[:, low:high],
        )
        from_both = (both < row) & (both < column)
        from_row = (row < both) & (row < column)
        best = np.where(from_both, both, np.where(from_row, row, column))
        here = np.arange(low, high)
        new = nowhere.copy()
        new[:, low:high] = costs[:, here - 1, diagonal - here - 1] + best
        steps[diagonal, :, low:high] = np.where(from_both, 0, np.where(from_row, 1, 2))
        older, old = old, new
    return steps


def _back(steps: NDArray[np.uint8], row: int, column: int) -> Path:
    rows, columns = [], []
    while row > 0 and column > 0:
        rows.append(row - 1)
        columns.append(column - 1)
        step = steps[row + column, row]
        row -= step != 2
        column -= step != 1
    return np.array(rows[::-1]), np.array(columns[::-1])
