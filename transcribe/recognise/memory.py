"""How many windows fit into memory together, and what happens when they do not."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch

from .engine import OutOfMemory, memory_ended

_MOST: Final = 32
"""Windows; beyond them a GPU gains little."""
_MOST_ON_CPU: Final = 16
_CPU_SHARE: Final = 1 << 30
"""Bytes that batches may take on a CPU, where the rest of the machine is somebody's."""
_GPU_SHARE: Final = 0.8
"""Of the free memory: diarization may run beside."""


def largest_batch(dims: Any, precision: torch.dtype, device: torch.device) -> int:
    """Give how many windows fit into the memory that is free now; at least 1."""
    row = _bytes_per_window(dims, precision)
    if device.type == "cpu":
        return max(1, min(_MOST_ON_CPU, _CPU_SHARE // row))
    free, _ = torch.cuda.mem_get_info(device)
    return max(
        width for width in widths(_MOST, device) if width * row <= free * _GPU_SHARE or width == 1
    )


def widths(rows: int, device: torch.device) -> tuple[int, ...]:
    """Give the widths a batch of ``rows`` may narrow to, rising; the last one holds them all.

    On a GPU few, because each is recorded; on a CPU all, because each row costs.
    """
    if device.type == "cpu":
        return tuple(range(1, rows + 1))
    found = [1]
    while found[-1] < rows:
        found.append(found[-1] * 2)
    return tuple(found)


def _bytes_per_window(dims: Any, precision: torch.dtype) -> int:
    """Count what a window needs: keys and values, its features, the encoder's widest layer."""
    text = 2 * dims.n_text_layer * (dims.n_audio_ctx + dims.n_text_ctx) * dims.n_text_state
    sound = dims.n_audio_ctx * dims.n_audio_state * 12
    words = 4 * dims.n_vocab * 4 // precision.itemsize
    return int((text + sound + words) * precision.itemsize)


@contextmanager
def out_of_memory(free: Callable[[], None]) -> Iterator[None]:
    """Turn what torch says when memory ends into OutOfMemory, after ``free`` gave some back."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not memory_ended(error):
            raise
    else:
        return
    # Outside the handlers: there the exception's frames still hold the tensors.
    free()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory
