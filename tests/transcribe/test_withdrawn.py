"""Whose seconds they are: margins, gaps, and what is heard in another transcript."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import BadInput, Ground, Study, Withdrawal, new_key
from transcribe import TranscribeOptions, add_recording, capsule, store
from transcribe.withdrawal import _again, tidy
from transcribe.withdrawn import MARGIN, joined, widened


def test_a_margin_ends_where_somebody_else_speaks() -> None:
    assert widened([(1.0, 2.0)], []) == [(1.0 - MARGIN, 2.0 + MARGIN)]
    assert widened([(1.0, 2.0)], [(0.2, 0.9), (2.1, 3.0)]) == [(0.9, 2.1)]
    assert widened([(0.1, 2.0)], []) == [(0.0, 2.0 + MARGIN)]


def test_where_somebody_else_speaks_at_the_edge_there_is_no_margin() -> None:
    assert widened([(1.0, 2.0)], [(0.5, 1.2), (1.9, 2.5)]) == [(1.0, 2.0)]


def test_what_meets_is_joined() -> None:
    assert joined([(3.0, 4.0), (0.0, 1.0), (1.0, 2.0), (0.5, 0.7)]) == ((0.0, 2.0), (3.0, 4.0))
    assert joined([]) == ()


def test_margins_of_random_talk_never_take_a_word_of_others() -> None:
    chance = random.Random(3)
    for _ in range(300):
        place, words = 0.0, []
        for _ in range(30):
            start = place + chance.choice((0.0, 0.05, 0.3, 1.0))
            place = start + chance.uniform(0.1, 0.6)
            words.append((start, place))
        mine = [word for word in words if chance.random() < 0.4]
        others = [word for word in words if word not in mine]
        for (start, end), (first, last) in zip(mine, widened(mine, others), strict=True):
            assert first <= start and last >= end and start - first <= MARGIN + 1e-9
            assert not any(a < last and first < b for a, b in others)


def test_a_transcription_that_expects_an_erased_name_goes(
    study: Study, tone: Callable[..., Path]
) -> None:
    recording = add_recording(study, "Talk", 1, [tone()])
    ground = Ground(study.home, study.db, study.files)
    numbers = []
    for prompt in ("Berit, sensor", "sensor"):
        key = new_key()
        options = TranscribeOptions(model="demo", prompt=prompt)
        path = capsule.create(study.home / "jobs", [([b"sound"], 0.0)], options, key)
        with study.change("transcribe") as change:
            numbers.append(store.insert_job(change, recording, 1, path.name, key, "{}"))
            store.set_job_state(change, numbers[-1], "cancelled")
    erased = Withdrawal(1, "redact", True, "Berit", frozenset(), frozenset())
    with study.change("transcribe") as change:
        store.set_job_state(change, numbers[0], "queued")
    with pytest.raises(BadInput, match="a name"), study.change() as change:
        _again(change, ground, erased)
    with study.change("transcribe") as change:
        store.set_job_state(change, numbers[0], "cancelled")
    with study.change() as change:
        _again(change, ground, erased)
        change.record("test.made", "test:1")
    tidy(ground)
    assert [store.job(study, one).resumable for one in numbers] == [False, True]
    assert len(list((study.home / "jobs").iterdir())) == 1
