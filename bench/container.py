"""How well tampering with a sealed file is noticed, and how fast the container is.

    python -m bench.container [--mutations N] [--size-mb N] [--ranges N]

Six ways to tamper with a file of several chunks, in equal shares at random places; every
mutated file is opened and read to its end, as the product reads it. Then random ranges
of one large file in a study, sealing and opening in memory, and the first byte of that
file: through ``Files`` and through the route that plays recordings, with the file dropped
from the system's cache before each try.
"""

import argparse
import asyncio
import io
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from secure_storage import (
    FLOOR,
    DamagedFile,
    SealedReader,
    Study,
    audio_routes,
    create_study,
    new_key,
    seal,
    unlock,
)
from secure_storage.container import CHUNK, HEADER_SIZE, TAG, SealWriter, new_file_id
from secure_storage.sessions import SCOPE, Session, sessions_of

NAME, PASSPHRASE = "Bench", "a long enough bench phrase"
SEALED = CHUNK + TAG
BLOCK = 1 << 20
TRIES = 20


class Case:
    """A sealed file, an older version of it and another file, all of one size."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self.key, self.file_id = new_key(), new_file_id()
        self.sealed = self._sealed(chance.randbytes(size), self.key, self.file_id)
        self.older = self._sealed(chance.randbytes(size), self.key, self.file_id)
        self.other = self._sealed(chance.randbytes(size), new_key(), new_file_id())
        self.starts = list(range(HEADER_SIZE, len(self.sealed), SEALED))

    @staticmethod
    def _sealed(data: bytes, key: bytes, file_id: bytes) -> bytes:
        target = io.BytesIO()
        seal([data], target, key, file_id)
        return target.getvalue()

    def noticed(self, mutated: bytes) -> bool:
        """Open and read it whole."""
        try:
            reader = SealedReader(io.BytesIO(mutated), self.key, self.file_id)
            reader.read(0, reader.size)
        except DamagedFile:
            return True
        return False


Mutation = Callable[[Case, random.Random], bytes]


def flip(case: Case, chance: random.Random) -> bytes:
    """Turn one bit."""
    mutated = bytearray(case.sealed)
    mutated[chance.randrange(len(mutated))] ^= 1 << chance.randrange(8)
    return bytes(mutated)


def truncate(case: Case, chance: random.Random) -> bytes:
    """Cut the end off, in half of the cases at the border of a chunk."""
    at = chance.choice(case.starts) if chance.random() < 0.5 else chance.randrange(len(case.sealed))
    return case.sealed[:at]


def swap(case: Case, chance: random.Random) -> bytes:
    """Let two chunks change places, or double one, or leave one out."""
    chunks = [case.sealed[at : at + SEALED] for at in case.starts]
    one, two = chance.sample(range(len(chunks)), 2)
    kind = chance.randrange(3)
    if kind == 0:
        chunks[one], chunks[two] = chunks[two], chunks[one]
    elif kind == 1:
        chunks.insert(one, chunks[two])
    else:
        del chunks[one]
    return case.sealed[:HEADER_SIZE] + b"".join(chunks)


def _from(case: Case, source: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(3)
    if kind == 0:
        first = chance.choice(case.starts)
        last = min(first + SEALED, len(source))
    elif kind == 1:
        first, last = 0, HEADER_SIZE
    else:
        first = chance.randrange(len(source) - 1)
        last = chance.randrange(first + 1, len(source))
    return case.sealed[:first] + source[first:last] + case.sealed[last:]


def splice(case: Case, chance: random.Random) -> bytes:
    """Put back a chunk, the header or any stretch of an older version of the file."""
    return _from(case, case.older, chance)


def replay(case: Case, chance: random.Random) -> bytes:
    """Put in a chunk, the header or any stretch of another file, or all of it."""
    return case.other if chance.random() < 0.01 else _from(case, case.other, chance)


def append(case: Case, chance: random.Random) -> bytes:
    """Add random bytes, a chunk, or a whole second copy."""
    more = (
        chance.randbytes(chance.randrange(1, 2 * SEALED)),
        case.sealed[HEADER_SIZE : HEADER_SIZE + SEALED],
        case.sealed,
    )
    return case.sealed + chance.choice(more)


MUTATIONS: dict[str, Mutation] = {
    one.__name__: one for one in (flip, truncate, swap, splice, replay, append)
}


def tamper(each: int, chance: random.Random) -> Iterator[tuple[str, int, int]]:
    """Try every kind of mutation; give its name, how many were tried and noticed."""
    for name, mutation in MUTATIONS.items():
        tried = noticed = 0
        case = Case(chance, 1)
        while tried < each:
            if tried % 1000 == 0:
                case = Case(chance, 2 * CHUNK + chance.randrange(1, 2000))
            mutated = mutation(case, chance)
            # An older byte may happen to be the present one: then nothing was changed.
            if mutated != case.sealed:
                tried += 1
                noticed += case.noticed(mutated)
        yield name, tried, noticed


def block(number: int) -> bytes:
    """Give the block of the large file, made anew whenever it is needed."""
    return random.Random(number).randbytes(BLOCK)


def right_ranges(study: Study, file_id: str, count: int, chance: random.Random) -> int:
    """Count the random ranges that come back as they went in."""
    right = 0
    with study.files.open(file_id) as reader:
        for _ in range(count):
            offset = chance.randrange(reader.size)
            length = min(chance.randrange(1, 3 * CHUNK), reader.size - offset)
            first = offset // BLOCK
            blocks = b"".join(
                block(number) for number in range(first, (offset + length - 1) // BLOCK + 1)
            )
            start = offset - first * BLOCK
            right += reader.read(offset, length) == blocks[start : start + length]
    return right


class Nowhere(io.RawIOBase):
    """Takes everything; the disk is not what is measured."""

    def write(self, data: object) -> int:
        return len(data)  # type: ignore[arg-type]


def speeds(megabytes: int) -> tuple[float, float]:
    """Give MB/s (10^6 bytes) of sealing and opening in memory, the best of three."""
    data = os.urandom(BLOCK)
    sealing, opening = [], []
    for _ in range(3):
        key, file_id = new_key(), new_file_id()
        started = time.perf_counter()
        writer = SealWriter(Nowhere(), key, file_id)  # type: ignore[arg-type]
        for _ in range(megabytes):
            writer.write(data)
        writer.finish()
        sealing.append(megabytes * BLOCK / (time.perf_counter() - started))
        target = io.BytesIO()
        seal((data for _ in range(megabytes)), target, key, file_id)
        reader = SealedReader(target, key, file_id)
        started = time.perf_counter()
        for at in range(0, reader.size, BLOCK):
            reader.read(at, BLOCK)
        opening.append(megabytes * BLOCK / (time.perf_counter() - started))
    return max(sealing) / 1e6, max(opening) / 1e6


def recording(study: Study, megabytes: int) -> str:
    """Put a recording into the study; gives its file."""
    with study.change() as change:
        stored = study.files.add((block(number) for number in range(megabytes)), "audio", change)
        change.db.conn.execute(
            "INSERT INTO recordings (id, title, group_number, created_at, created_by)"
            " VALUES (1, 'Bench', 1, ?, ?)",
            (change.now, study.member.id),
        )
        change.db.conn.execute(
            "INSERT INTO recording_parts (recording_id, position, file_id, media_type, offset,"
            " duration, channels, sample_rate, sha256) VALUES (1, 0, ?, 'audio/wav', 0, 1, 1,"
            " 16000, ?)",
            (stored.id, stored.sha256),
        )
        change.record("recording.added", "recording:1")
    return stored.id


def forget(study: Study) -> None:
    """Drop the sealed files from the system's cache."""
    for path in (study.home / "files").iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def first_byte(study: Study, file_id: str) -> list[float]:
    """Give ms until the first byte of a file is there."""
    taken = []
    for _ in range(TRIES):
        forget(study)
        started = time.perf_counter()
        with study.files.open(file_id) as reader:
            assert len(reader.read(0, 1)) == 1
        taken.append((time.perf_counter() - started) * 1000)
    return taken


async def first_answer(session: Session) -> list[float]:
    """Give ms until the route has answered a request for the first 64 KiB."""
    app = Starlette(routes=audio_routes())

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, SCOPE: session}, receive, send)

    taken = []
    transport = httpx.ASGITransport(signed_in)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        for _ in range(TRIES):
            forget(session.study)
            started = time.perf_counter()
            answer = await client.get("/audio/1", headers={"range": f"bytes=0-{CHUNK - 1}"})
            taken.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 206 and len(answer.content) == CHUNK
    return taken


def large_file(megabytes: int, ranges: int, chance: random.Random) -> bool:
    """Measure on a large file in a study; tells whether all was as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        create_study(home, "Bench", NAME, PASSPHRASE, cost=FLOOR)
        study = unlock(home, NAME, PASSPHRASE)
        file_id = recording(study, megabytes)
        right = right_ranges(study, file_id, ranges, chance)
        print(f"random ranges right: {right:,} of {ranges:,}")
        by_files = first_byte(study, file_id)
        table = sessions_of(home)
        session = table.find(table.sign_in(NAME, PASSPHRASE))
        assert session is not None
        by_route = asyncio.run(first_answer(session))
        table.close()
        study.close()
    for what, taken in (("Files", by_files), ("the audio route (64 KiB)", by_route)):
        print(
            f"first byte of {megabytes} MB through {what}: {statistics.median(taken):.1f} ms, "
            f"worst of {TRIES} {max(taken):.1f} ms (limit 50 ms)"
        )
    return right == ranges and statistics.median(by_files + by_route) <= 50


def main() -> int:
    """Measure and print; 1 when a mutation went unnoticed or a limit was missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutations", type=int, default=1_000_000)
    options.add_argument("--size-mb", type=int, default=500)
    options.add_argument("--ranges", type=int, default=1000)
    chosen = options.parse_args()
    chance = random.Random(3)
    each = -(-chosen.mutations // len(MUTATIONS))
    good = True
    started = time.perf_counter()
    print("| mutation | tried | noticed |\n|---|--:|--:|", flush=True)
    for name, tried, noticed in tamper(each, chance):
        print(f"| {name} | {tried:,} | {noticed:,} ({noticed / tried:.4%}) |", flush=True)
        good = good and noticed == tried
    print(f"\n{each * len(MUTATIONS):,} mutations in {time.perf_counter() - started:.0f} s")
    good = large_file(chosen.size_mb, chosen.ranges, chance) and good
    sealing, opening = speeds(min(200, chosen.size_mb))
    print(f"sealing {sealing:,.0f} MB/s, opening {opening:,.0f} MB/s (limit 500 MB/s)")
    return 0 if good and min(sealing, opening) >= 500 else 1


if __name__ == "__main__":
    sys.exit(main())
