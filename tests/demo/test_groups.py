"""The second group is a readable WebVTT file whose voices are listed."""

import re

import demo


def _cues() -> list[tuple[float, float, str, str]]:
    text = demo.GROUP2_VTT.read_text("utf-8")
    assert text.startswith("WEBVTT")
    pattern = r"(\d+):(\d+):([\d.]+) --> (\d+):(\d+):([\d.]+)\n<v (\w+)>(.+)"
    cues = []
    for m in re.finditer(pattern, text):
        start = int(m[1]) * 3600 + int(m[2]) * 60 + float(m[3])
        end = int(m[4]) * 3600 + int(m[5]) * 60 + float(m[6])
        cues.append((start, end, m[7], m[8]))
    return cues


def test_forty_to_sixty_cues_in_order() -> None:
    cues = _cues()
    assert 40 <= len(cues) <= 60
    assert all(start < end for start, end, _, _ in cues)
    assert all(a[1] <= b[0] for a, b in zip(cues, cues[1:], strict=False))


def test_every_voice_is_listed_with_a_profession() -> None:
    second = demo.groups()[1]
    assert {c[2] for c in _cues()} == {p.label for p in second.people}
    assert all(p.profession for p in second.people)
    assert [p.moderator for p in second.people].count(True) == 1


def test_numbers_and_pseudonyms_are_unique() -> None:
    both = demo.groups()
    assert [g.number for g in both] == [1, 2]
    for group in both:
        names = [p.pseudonym for p in group.people]
        assert len(set(names)) == len(names)
