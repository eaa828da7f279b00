"""Training text keeps clear of the sample, and of the sentences kept for measuring."""

import pytest

from demo.align import words_of
from demo.script import read_script
from demo.train.close import BORROWED, CloseSource
from demo.train.texts import RUN, SENTENCES_FILE, SHORT, TextSource, held_out, runs

DRAWS = 4000


def _sample_runs() -> set[tuple[str, ...]]:
    return {r for line in read_script() for r in runs(words_of(line.text), RUN)}


@pytest.mark.parametrize("kind", [TextSource, CloseSource])
def test_drawn_texts_share_no_six_words_with_the_sample(kind: type[TextSource]) -> None:
    forbidden = _sample_runs()
    whole = {tuple(words_of(line.text)) for line in read_script()}
    whole = {words for words in whole if len(words) > SHORT}
    source = kind(11)
    for _ in range(DRAWS):
        words = words_of(source.draw())
        assert not runs(words) & forbidden
        assert tuple(words) not in whole


def test_shipped_sentences_share_no_six_words_with_the_sample() -> None:
    forbidden = _sample_runs()
    whole = {tuple(words_of(line.text)) for line in read_script()}
    whole = {words for words in whole if len(words) > SHORT}
    for line in SENTENCES_FILE.read_text("utf-8").splitlines():
        assert not runs(words_of(line)) & forbidden, line
        assert tuple(words_of(line)) not in whole, line


def test_held_out_sentences_are_not_drawn() -> None:
    free, dev = held_out()
    assert len(dev) >= 40
    assert not set(free) & set(dev)
    forbidden = {r for s in dev for r in runs(words_of(s), RUN)}
    source = TextSource(12)
    for _ in range(DRAWS):
        assert not runs(words_of(source.draw())) & forbidden


def test_every_word_of_the_sample_can_be_drawn() -> None:
    known = set(TextSource(1).vocabulary())
    assert {w for line in read_script() for w in words_of(line.text)} <= known


def test_texts_of_the_last_stage_hold_the_samples_words_and_short_borrowings_only() -> None:
    source = CloseSource(13)
    known = set(source.sample_words)
    assert all(len(run) <= BORROWED for run in source.borrowed)
    for _ in range(500):
        assert set(words_of(source.draw())) <= known
