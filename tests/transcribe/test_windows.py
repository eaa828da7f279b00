"""Speech regions and windows: pure, so properties hold for any probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.windows import FRAME_SECONDS, LONGEST, Region, pack, speech_regions

levels = st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0])
tracks = st.lists(st.tuples(levels, st.integers(1, 400)), min_size=1, max_size=30).map(
    lambda runs: np.concatenate([np.full(length, level, np.float32) for level, length in runs])
)


@given(tracks)
def test_windows_hold_all_speech_and_never_overlap(track: np.ndarray) -> None:
    total = len(track) * FRAME_SECONDS
    regions = speech_regions(track, total)
    windows = pack(regions, track, total)
    assert all(0 <= w.start < w.end <= total + 0.001 for w in windows)
    assert all(w.end - w.start <= LONGEST + 0.002 for w in windows)
    assert all(a.end <= b.start + 0.002 for a, b in zip(windows, windows[1:], strict=False))
    for region in regions:
        covered = sum(
            max(0.0, min(region.end, w.end) - max(region.start, w.start)) for w in windows
        )
        assert covered == pytest.approx(region.duration, abs=0.01)


def test_hysteresis_bridges_a_dip_but_not_a_pause() -> None:
    dip = np.array([1.0] * 20 + [0.4] * 5 + [1.0] * 20, np.float32)
    pause = np.array([1.0] * 20 + [0.0] * 5 + [1.0] * 20, np.float32)
    assert len(speech_regions(dip, 99.0)) == 1
    assert len(speech_regions(pause, 99.0)) == 2


def test_a_back_channel_of_a_tenth_of_a_second_is_speech() -> None:
    track = np.array([0.0] * 30 + [0.9] * 4 + [0.0] * 30, np.float32)
    assert len(speech_regions(track, 99.0)) == 1


def test_long_silence_ends_a_window() -> None:
    track = np.zeros(1000, np.float32)
    regions = (Region(1.0, 5.0), Region(6.0, 9.0), Region(20.0, 22.0))
    windows = pack(regions, track, 32.0)
    assert [(w.start, w.end) for w in windows] == [(0.8, 9.2), (19.8, 22.2)]


def test_endless_talk_is_cut_where_speech_is_least_likely() -> None:
    track = np.ones(2000, np.float32)
    dip = 700
    track[dip] = 0.5
    windows = pack((Region(0.0, 64.0),), track, 64.0)
    assert windows[0].end == pytest.approx(dip * FRAME_SECONDS)
    assert windows[1].start == windows[0].end
