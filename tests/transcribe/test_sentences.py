"""Sentences: abbreviations stay whole, and every word stays where it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe import Word
from transcribe.sentences import split_sentences


def said(text: str, step: float = 0.3) -> list[Word]:
    return [
        Word(part, round(i * step, 3), round(i * step + 0.2, 3), 0.9, speaker="S1")
        for i, part in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "Dr. Smith came in. He sat down. Right?", 3),
        ("en", "We use tools, e.g. Sensors and so on. That helps.", 2),
        ("no", "Vi brukte f.eks. Roboter hjemme. Det gikk bra.", 2),
        ("no", "Det er bl.a. Pårørende som ringer. Ja.", 2),
        ("nn", "Me brukar t.d. Kamera heime. Det går bra.", 2),
        ("sv", "Vi har bl.a. Sensorer hemma. Det fungerar.", 2),
        ("da", "Vi bruger f.eks. Kameraer hjemme. Det er fint.", 2),
        ("en", "It was approximately 5 p.m. when the nurse left. Then nobody came.", 2),
        ("en", "she came. he left. they stayed.", 3),
        ("xx", "Eins. Zwei.", 2),
    ],
)
def test_sentences_end_where_they_should(language: str, text: str, sentences: int) -> None:
    found = split_sentences(said(text), language)
    assert len(found) == sentences
    assert " ".join(sentence.text for sentence in found) == text


def test_a_sentence_keeps_its_words_and_times() -> None:
    first, second = split_sentences(said("Yes. I think so."), "en")
    assert [word.text for word in second.words] == ["I", "think", "so."]
    assert (first.start, first.end, second.start) == (0.0, 0.2, 0.3)


def test_unpunctuated_talk_is_cut_at_its_longest_pauses() -> None:
    words = said(" ".join(f"ord{i}" for i in range(50)))
    later = [
        Word(w.text, w.start + 2.0, w.end + 2.0, w.confidence) if i >= 20 else w
        for i, w in enumerate(words)
    ]
    assert [len(s.words) for s in split_sentences(later, "no")] == [20, 30]
    assert len(split_sentences(words, "no")) == 1


@given(st.lists(st.text(alphabet="aB.?! ,-é", min_size=1).filter(str.strip), max_size=20))
def test_splitting_never_loses_a_word(parts: list[str]) -> None:
    words = said(" ".join(parts))
    found = split_sentences(words, "en")
    assert [word for sentence in found for word in sentence.words] == words
