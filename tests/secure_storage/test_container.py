"""The sealed container: whatever is done to it, it opens whole or not at all."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.container import tamper
from secure_storage import DamagedFile, SealedReader, new_key, seal
from secure_storage.container import CHUNK, HEADER_SIZE, TAG, SealWriter

KEY = new_key()
FILE_ID = bytes(range(16))


def sealed(data: bytes, key: bytes = KEY, file_id: bytes = FILE_ID) -> bytes:
    target = io.BytesIO()
    seal([data], target, key, file_id)
    return target.getvalue()


def opened(data: bytes, key: bytes = KEY, file_id: bytes = FILE_ID) -> bytes:
    reader = SealedReader(io.BytesIO(data), key, file_id)
    return reader.read(0, reader.size)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_goes_in_comes_out(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert opened(sealed(data)) == data


@given(st.lists(st.binary(max_size=40_000), max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_slices_it_came_in_do_not_matter(slices: list[bytes]) -> None:
    target = io.BytesIO()
    writer = SealWriter(target, KEY, FILE_ID)
    for part in slices:
        writer.write(part)
    writer.finish()
    assert writer.size == sum(map(len, slices))
    assert opened(target.getvalue()) == b"".join(slices)


def test_reads_anywhere() -> None:
    chance = random.Random(1)
    data = chance.randbytes(5 * CHUNK + 100)
    reader = SealedReader(io.BytesIO(sealed(data)), KEY, FILE_ID)
    assert reader.size == len(data)
    for _ in range(300):
        offset, length = chance.randrange(len(data) + 50), chance.randrange(2 * CHUNK)
        assert reader.read(offset, length) == data[offset : offset + length]


def test_nothing_of_the_text_shows() -> None:
    assert b"secret words" not in sealed(b"secret words" * 20_000)


def test_two_seals_of_the_same_differ() -> None:
    assert sealed(b"same") != sealed(b"same")


def test_every_flipped_bit_is_noticed() -> None:
    data = sealed(random.Random(2).randbytes(2 * CHUNK + 50))
    chance = random.Random(3)
    places = [*range(HEADER_SIZE), *(chance.randrange(len(data)) for _ in range(400))]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises(DamagedFile):
            opened(bytes(changed))


def test_cutting_is_noticed_also_at_a_chunk_border() -> None:
    data = sealed(bytes(3 * CHUNK))
    borders = [HEADER_SIZE + n * (CHUNK + TAG) for n in range(3)]
    chance = random.Random(4)
    for length in [0, 1, HEADER_SIZE, *borders, *(chance.randrange(len(data)) for _ in range(200))]:
        with pytest.raises(DamagedFile):
            SealedReader(io.BytesIO(data[:length]), KEY, FILE_ID)


@pytest.mark.parametrize("more", [b"\0", bytes(TAG), bytes(CHUNK + TAG), bytes(2 * CHUNK)])
def test_appending_is_noticed(more: bytes) -> None:
    with pytest.raises(DamagedFile):
        SealedReader(io.BytesIO(sealed(b"words") + more), KEY, FILE_ID)


def test_moved_dropped_and_doubled_chunks_are_noticed() -> None:
    data = sealed(random.Random(5).randbytes(4 * CHUNK))
    size = CHUNK + TAG
    head = data[:HEADER_SIZE]
    chunks = [data[HEADER_SIZE + n * size :][:size] for n in range(4)]
    for order in ([1, 0, 2, 3], [0, 1, 3], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3], [3], [0, 1, 2]):
        with pytest.raises(DamagedFile):
            opened(head + b"".join(chunks[n] for n in order))


def test_a_chunk_of_another_version_is_noticed() -> None:
    one, two = sealed(bytes(2 * CHUNK)), sealed(bytes(2 * CHUNK))
    with pytest.raises(DamagedFile):
        opened(one[: HEADER_SIZE + CHUNK + TAG] + two[HEADER_SIZE + CHUNK + TAG :])


def test_another_file_or_key_does_not_open() -> None:
    with pytest.raises(DamagedFile):
        opened(sealed(b"words"), file_id=bytes(16))
    with pytest.raises(DamagedFile):
        opened(sealed(b"words"), key=new_key())


def test_the_mutations_of_the_benchmark_are_all_noticed() -> None:
    found = list(tamper(150, random.Random(7)))
    assert [name for name, _, _ in found] == [
        "flip", "truncate", "swap", "splice", "replay", "append",
    ]  # fmt: skip
    assert all(tried == noticed == 150 for _, tried, noticed in found)


@pytest.mark.parametrize(
    "sizes", [(CHUNK, 1), (1, CHUNK, CHUNK), (CHUNK + 1, CHUNK - 1, 2 * CHUNK)]
)
def test_slices_that_meet_the_borders_of_chunks(sizes: tuple[int, ...]) -> None:
    slices = [random.Random(size).randbytes(size) for size in sizes]
    target = io.BytesIO()
    seal(slices, target, KEY, FILE_ID)
    chunks = -(-sum(sizes) // CHUNK)
    assert len(target.getvalue()) == HEADER_SIZE + sum(sizes) + chunks * TAG
    assert opened(target.getvalue()) == b"".join(slices)
