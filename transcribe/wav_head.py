"""What the head of a WAV file says. Pure."""

import io
import struct
from typing import BinaryIO


def promised_seconds(stream: BinaryIO) -> float | None:
    """Give the seconds a WAV file promises, None elsewhere; FFmpeg only tells what it found."""
    stream.seek(0)
    if stream.read(4) != b"RIFF" or stream.read(8)[4:] != b"WAVE":
        return None
    bytes_a_second = 0
    while len(head := stream.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"fmt ":
            body = stream.read(size + size % 2)
            bytes_a_second = int.from_bytes(body[8:12], "little")
        elif name == b"data":
            # Recorders that are still writing, or never finished, leave these two.
            known = bytes_a_second > 0 and size not in (0, 0xFFFFFFFF)
            return size / bytes_a_second if known else None
        else:
            stream.seek(size + size % 2, io.SEEK_CUR)
    return None
