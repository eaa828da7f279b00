"""The shipped sample: sound, truth, and people agree with each other."""

import itertools

import av

import demo
from demo.evaluate import read_truth
from demo.script import read_script


def _rttm() -> list[tuple[str, float, float]]:
    rows = [row.split() for row in demo.SAMPLE_RTTM.read_text("utf-8").splitlines()]
    assert all(row[0] == "SPEAKER" and row[1] == "sample" for row in rows)
    return [(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]


def _duration() -> float:
    with av.open(str(demo.SAMPLE_AUDIO)) as container:
        return sum(f.samples / f.sample_rate for f in container.decode(audio=0))


def test_the_sound_is_small_mono_opus_of_five_to_eight_minutes() -> None:
    assert demo.SAMPLE_AUDIO.stat().st_size <= 5_000_000
    with av.open(str(demo.SAMPLE_AUDIO)) as container:
        codec = container.streams.audio[0].codec_context
        assert codec.name == "opus"
        assert codec.layout.name == "mono"
    assert 300 <= _duration() <= 480


def test_the_truth_lies_inside_the_sound_and_in_order() -> None:
    turns = _rttm()
    length = _duration()
    assert all(0 <= start < end <= length for _, start, end in turns)
    assert [t[1] for t in turns] == sorted(t[1] for t in turns)
    assert length - max(t[2] for t in turns) < 3


def test_exactly_two_overlaps() -> None:
    turns = _rttm()
    overlaps = [(a, b) for a, b in itertools.combinations(turns, 2) if a[1] < b[2] and b[1] < a[2]]
    assert len(overlaps) == 2
    assert all(a[0] != b[0] for a, b in overlaps)


def test_six_people_as_listed() -> None:
    spoken = {t[0] for t in _rttm()}
    listed = {p.label for p in demo.groups()[0].people}
    assert spoken == listed
    assert len(spoken) == 6


def test_stm_rttm_and_script_say_the_same() -> None:
    truth = read_truth()
    script = read_script()
    assert [(t.speaker, t.text) for t in truth] == [(s.speaker, s.text) for s in script]
    for t, (who, start, end) in zip(truth, _rttm(), strict=True):
        assert who == t.speaker
        assert abs(start - t.start) < 0.002
        assert abs(end - t.end) < 0.002


def test_it_has_pauses_back_channels_and_a_modest_vocabulary() -> None:
    script = read_script()
    assert sum(line.pause is not None for line in script) >= 5
    assert sum(len(line.text.split()) <= 2 for line in script) >= 8
    words = {w.strip(".,?").lower() for line in script for w in line.text.split()}
    assert 300 <= len(words) <= 450
