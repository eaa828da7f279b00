"""Pauses: found from words, shown to readers, never part of a text."""

from hypothesis import given
from hypothesis import strategies as st

from transcribe import Sentence, Transcription, Turn, Word, render
from transcribe.importing.cues import read_vtt
from transcribe.pauses import Pause, find_pauses, marked_turns, read_aloud
from transcribe.sentences import sentence_of


def said(*words: tuple[str, float, float]) -> Sentence:
    return sentence_of([Word(text, start, end, 0.9) for text, start, end in words])


def shown(*sentences: Sentence) -> list[str]:
    ((_, marked),) = marked_turns(Transcription("en", (Turn("S1", sentences),)))
    return [read_aloud(one) for one in marked]


def test_a_silence_inside_and_between_sentences_is_marked_in_whole_seconds() -> None:
    first = said(("I", 5.0, 5.2), ("went", 8.1, 8.4), ("home.", 8.5, 9.0))
    second = said(("Then", 10.6, 10.9), ("slept.", 11.0, 11.4))
    assert find_pauses([first, second]) == (
        (Pause(2, 2.9),),
        (Pause(0, 1.6),),
    )
    assert shown(first, second) == ["I (3 s) went home.", "(2 s) Then slept."]


def test_breath_is_no_pause_and_neither_is_what_comes_before_the_first_word() -> None:
    assert find_pauses([said(("So", 60.0, 60.2), ("yes", 61.19, 61.4))]) == ((),)
    assert find_pauses([said(("So", 60.0, 60.2), ("yes", 61.2, 61.4))]) == ((Pause(3, 1.0),),)


def test_a_word_drawn_out_over_the_silence_does_not_hide_it() -> None:
    assert shown(said(("well", 1.0, 4.8), ("no", 5.0, 5.2))) == ["well (3 s) no"]


def test_it_is_no_pause_while_somebody_else_speaks() -> None:
    long = said(*((f"w{n}", n * 0.5, n * 0.5 + 0.4) for n in range(10)))
    back_channel = said(("mm", 1.0, 1.2))
    assert find_pauses([long, back_channel, said(("yes", 5.5, 5.7))]) == ((), (), ())


def test_in_a_corrected_sentence_only_the_pause_before_it_is_known() -> None:
    first = said(("I", 0.0, 0.2), ("went", 3.0, 3.4))
    heard = said(("to", 5.0, 5.2), ("hoem", 8.0, 8.2))
    corrected = Sentence("to my home", heard.start, heard.end, heard.words)
    assert shown(first, corrected) == ["I (3 s) went", "(2 s) to my home"]


def test_imported_sentences_have_pauses_between_them_where_they_have_times() -> None:
    imported = [Sentence("A.", 0.0, 4.0), Sentence("B.", None, None), Sentence("C.", 6.5, 7.0)]
    assert find_pauses(imported) == ((), (), (Pause(0, 2.5),))
    assert find_pauses([]) == ()


TALK = Transcription(
    "en",
    (
        Turn("S1", (said(("I", 5.0, 5.2), ("went", 8.1, 8.4)),)),
        Turn("S2", (said(("Home?", 12.0, 12.5)),)),
    ),
)


def test_files_for_readers_show_them() -> None:
    assert "S1: I (3 s) went" in render(TALK, "txt", "t").decode()
    assert "S2: (4 s) Home?" in render(TALK, "txt", "t").decode()
    assert "<v S1>I <c.pause>(3 s)</c> went" in render(TALK, "vtt", "t").decode()
    assert "(3 s)" not in render(TALK, "srt", "t").decode()


def test_a_word_file_shows_them_faintly() -> None:
    import io

    import docx

    document = docx.Document(io.BytesIO(render(TALK, "docx", "t")))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert any(text.endswith("I (3 s) went") for text in texts)
    (mark,) = [run for one in document.paragraphs for run in one.runs if "3 s" in run.text]
    assert mark.text == "(3 s) "


def test_what_is_read_back_is_the_text_alone() -> None:
    back = read_vtt(render(TALK, "vtt", "t").decode())
    assert [piece.text for piece in back.pieces] == ["I went", "Home?"]
    assert "pause" not in render(TALK, "json", "t").decode()


words = st.lists(
    st.tuples(st.sampled_from(["a", "bb", "æøå.", "1"]), st.floats(0, 9), st.floats(0, 3)),
    min_size=1, max_size=8,
)  # fmt: skip


@given(st.lists(words, max_size=5))
def test_marks_add_to_the_text_and_take_nothing_away(
    spoken: list[list[tuple[str, float, float]]],
) -> None:
    sentences = [said(*((t, start, start + long) for t, start, long in one)) for one in spoken]
    for sentence, pauses, text in zip(
        sentences, find_pauses(sentences), shown(*sentences), strict=True
    ):
        without = text
        for pause in pauses:
            assert pause.seconds >= 1.0
            without = without.replace(f"{pause.mark} ", "", 1)
        assert without == sentence.text
