"""What nobody said is dropped and shown; words end where speech ends."""

import pytest

from transcribe.recognise import known_invention
from transcribe.spoken import INVENTED, MISSED, SUSPECTED, UNHEARD, missed, spoken
from transcribe.transcript import Doubt, Utterance, Word
from transcribe.windows import Region


def said(text: str, start: float, end: float) -> Utterance:
    return Utterance(start, end, text, (Word(text, start, end, 0.9),))


def norwegian(text: str) -> bool:
    return known_invention(text, "no")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Teksting av Nicolai Winther", "no"),
        ("Undertekster av Ai-Media", "no"),
        ("Undertekstar av Ola Nordmann.", "nn"),
        ("Thanks for watching!", "en"),
        ("Subtitles by the Amara.org community", "en"),
        ("Subtitles by the Amara.org community", "sv"),
        ("Danske tekster: Nicolai Winther", "da"),
        ("Undertexter från SVT.", "sv"),
        ("Sous-titrage Société Radio-Canada", "fr"),
        ("Scandinavian Text Service 2018", "da"),
        ("Copyright WDR 2021", "de"),
        ("Untertitelung im Auftrag des ZDF für funk, 2017", "de"),
        ("Norsk tekst av Ola Nordmann", "no"),
    ],
)
def test_known_inventions_are_known(text: str, language: str) -> None:
    assert known_invention(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Takk for at dere kom.", "no"),
        ("Jeg leste teksting av filmen i går.", "no"),
        ("Thanks for watching the children while I was away, and then we left", "no"),
        ("Thank you.", "en"),
        ("", "en"),
        ("Teksting av Nicolai Winther", "en"),
        ("Copyright er vanskelig.", "no"),
        ("Copyright is something that we talk about at work.", "en"),
        ("Norsk tekst er vanskelig å lese.", "no"),
        ("Norske tekster er lange.", "no"),
        ("Danske tekster er svære at læse.", "da"),
        ("Subtitles by the bed would help my mother to follow what they say", "en"),
        ("Oversatt av legen ble det til at jeg skulle ta to om dagen", "no"),
    ],
)
def test_talk_is_not_taken_for_an_invention(text: str, language: str) -> None:
    assert not known_invention(text, language)


def test_text_where_nobody_speaks_is_dropped_and_shown() -> None:
    kept, doubts = spoken(
        [said("Ja.", 1.0, 2.0), said("Hei.", 5.0, 6.0)], [Region(0.5, 2.5)], norwegian
    )
    assert [one.text for one in kept] == ["Ja."]
    assert [(d.start, d.end, d.text, d.reason) for d in doubts] == [(5.0, 6.0, "Hei.", UNHEARD)]
    assert spoken([said("Ja.", 1.0, 2.0)], [], norwegian)[0] == ()


def test_an_invention_is_dropped_only_where_hardly_anybody_speaks() -> None:
    credit = said("Teksting av Ola Nordmann", 0.0, 4.0)
    kept, doubts = spoken([credit], [Region(0.0, 1.0)], norwegian)
    assert kept == () and doubts[0].reason == INVENTED
    kept, doubts = spoken([credit], [Region(0.0, 1.0), Region(1.5, 4.0)], norwegian)
    assert [one.text for one in kept] == [credit.text] and doubts[0].reason == SUSPECTED
    assert spoken([credit], [Region(0.0, 1.0)], lambda _: False)[1] == ()


def test_text_without_length_inside_speech_is_kept() -> None:
    assert spoken([said("Ja.", 1.0, 1.0)], [Region(0.5, 2.5)], norwegian)[0]


def test_a_word_stretched_over_a_pause_keeps_its_speech() -> None:
    regions = [Region(1.0, 2.0), Region(6.0, 7.0), Region(7.3, 8.0)]
    words = (
        Word("one", 1.2, 6.1, 0.9),  # rests on through the pause
        Word("two", 6.1, 7.4, 0.9),  # a breath inside is no pause
        Word("three", 7.4, 7.8, 0.9),
        Word("gone", 9.0, 9.5, 0.9),  # nowhere: left as it is
    )
    ((one,), _) = spoken([Utterance(1.0, 9.5, "all", words)], regions, norwegian)
    assert [(w.start, w.end) for w in one.words] == [
        (1.2, 2.2), (6.1, 7.4), (7.4, 7.8), (9.0, 9.5),
    ]  # fmt: skip
    assert one.text == "all" and one.start == 1.0


def test_a_text_that_ends_before_the_speech_does_is_told() -> None:
    regions = [Region(0.5, 2.5), Region(2.8, 9.0), Region(9.2, 20.0), Region(60.0, 60.9)]
    (gap,) = missed([said("Ja.", 0.6, 2.4), said("Vel.", 2.9, 6.0)], [], regions)
    assert gap == Doubt(6.0, 20.0, "", MISSED)


def test_speech_before_and_between_words_is_told() -> None:
    regions = [Region(1.0, 30.0)]
    words = [said("Ja.", 5.0, 6.0), said("Nei.", 6.9, 8.0), said("Vel.", 10.0, 30.0)]
    spans = [(doubt.start, doubt.end) for doubt in missed(words, [], regions)]
    assert spans == [(1.0, 5.0), (8.0, 10.0)]
    assert missed([], [], regions) == (Doubt(1.0, 30.0, "", MISSED),)


def test_what_is_written_or_doubted_already_is_not_missed() -> None:
    regions = [Region(0.0, 10.0)]
    doubt = Doubt(0.0, 10.0, "", UNHEARD)
    assert missed([], [doubt], regions) == ()
    # A long word over short ones: what comes after it counts from its end.
    assert missed([said("a", 0.0, 9.5), said("b", 1.0, 2.0)], [], regions) == ()
    assert missed([], [], []) == ()
