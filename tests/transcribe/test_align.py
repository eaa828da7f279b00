"""Words to speakers: who gets what, and who is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from transcribe import UNKNOWN, SpeakerSpan, Utterance, Word
from transcribe.align import assign, turns


def utterance(*words: tuple[str, float, float]) -> Utterance:
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    return Utterance(made[0].start, made[-1].end, " ".join(w.text for w in made), made)


def speakers(found: tuple[Word, ...]) -> list[str]:
    return [word.speaker for word in found]


A, B = SpeakerSpan(0.0, 5.0, "S1"), SpeakerSpan(5.0, 9.0, "S2")


def test_words_go_to_who_speaks_at_their_onset_even_when_stretched() -> None:
    # «stretched» is said at 4.2 and drawn over the pause into the next speaker's time.
    spoken = utterance(("one", 1.0, 1.3), ("stretched", 4.2, 8.5), ("two", 8.6, 8.9))
    found = assign([spoken], [A, B], [A, B])
    assert speakers(found) == ["S1", "S1", "S2"]
    assert found[0].margin == 1.0


def test_a_word_in_a_gap_takes_the_nearest_within_half_a_second() -> None:
    spans = [SpeakerSpan(0.0, 1.0, "S1"), SpeakerSpan(8.0, 9.0, "S2")]
    near = assign([utterance(("near", 1.2, 1.4))], spans, spans)
    far = assign([utterance(("far", 4.0, 4.4))], spans, spans)
    assert speakers(near) == ["S1"] and near[0].margin == 0.0
    assert speakers(far) == [UNKNOWN]


def test_without_any_span_everything_is_unknown() -> None:
    assert speakers(assign([utterance(("a", 0, 1), ("b", 1, 2))], [], [])) == [UNKNOWN, UNKNOWN]


def test_back_channel_with_its_own_turn_survives() -> None:
    spans = [
        SpeakerSpan(0.0, 2.0, "S1"), SpeakerSpan(2.0, 2.3, "S2"), SpeakerSpan(2.3, 5.0, "S1"),
    ]  # fmt: skip
    spoken = utterance(("I", 1.0, 1.4), ("mm", 2.02, 2.38), ("think", 2.6, 3.0))
    assert speakers(assign([spoken], spans, spans)) == ["S1", "S2", "S1"]


def test_lone_doubtful_word_at_a_boundary_goes_with_its_utterance() -> None:
    # The diarization changes speaker 0.1 s late: «So» lies mostly in S1's span, barely.
    spoken = utterance(("So", 4.88, 5.08), ("we", 5.1, 5.3), ("began", 5.3, 5.8))
    found = assign([spoken], [A, B], [A, B])
    assert speakers(found) == ["S2", "S2", "S2"]
    assert found[0].margin == 0.0


def test_overlap_is_flagged_only_where_both_speak() -> None:
    exclusive = [SpeakerSpan(0.0, 3.0, "S1"), SpeakerSpan(3.0, 5.0, "S2")]
    overlapping = [SpeakerSpan(0.0, 3.0, "S1"), SpeakerSpan(2.0, 5.0, "S2")]
    spoken = utterance(("clear", 1.0, 1.4), ("both", 2.2, 2.6), ("later", 4.0, 4.4))
    found = assign([spoken], exclusive, overlapping)
    assert [w.overlap for w in found] == [False, True, False]
    assert [w.beside for w in found] == ["", "S2", ""]


def test_of_several_who_speak_too_the_one_heard_longest_is_named() -> None:
    exclusive = [SpeakerSpan(0.0, 3.0, "S1")]
    overlapping = [*exclusive, SpeakerSpan(1.0, 1.2, "S2"), SpeakerSpan(1.1, 2.0, "S3")]
    (word,) = assign([utterance(("all", 1.0, 1.5))], exclusive, overlapping)
    assert (word.speaker, word.overlap, word.beside) == ("S1", True, "S3")


def test_a_word_given_away_is_said_over_whom_it_was_taken_from() -> None:
    exclusive = [SpeakerSpan(0.0, 4.0, "S1"), SpeakerSpan(4.0, 9.0, "S2")]
    overlapping = [SpeakerSpan(0.0, 9.0, "S1"), SpeakerSpan(3.8, 9.0, "S2")]
    spoken = utterance(("So", 3.85, 4.07), ("we", 4.1, 4.3), ("went", 4.4, 4.8))
    found = assign([spoken], exclusive, overlapping)
    assert [(w.speaker, w.beside) for w in found] == [("S2", "S1")] * 3


def test_who_speaks_only_after_the_speaker_is_no_overlap() -> None:
    (word,) = assign([utterance(("last", 4.7, 5.2))], [A, B], [A, B])
    assert (word.speaker, word.overlap, word.margin) == ("S1", False, 0.2)


def test_longer_speech_that_the_diarization_missed_stays_unknown() -> None:
    spans = [SpeakerSpan(0.0, 2.0, "S1"), SpeakerSpan(8.0, 10.0, "S1")]
    ends = (("I", 1.0, 1.4), ("think", 8.5, 9.0))
    one = utterance(ends[0], ("so", 4.0, 4.3), ends[1])
    more = utterance(ends[0], ("but", 4.0, 4.3), ("not", 4.4, 4.6), ("me", 4.7, 5.0), ends[1])
    assert speakers(assign([one], spans, spans)) == ["S1", "S1", "S1"]
    assert speakers(assign([more], spans, spans)) == ["S1", UNKNOWN, UNKNOWN, UNKNOWN, "S1"]


def test_a_run_that_nobody_doubts_is_not_overruled_however_short() -> None:
    spans = [
        SpeakerSpan(0.0, 2.0, "S1"), SpeakerSpan(2.0, 4.0, "S2"), SpeakerSpan(4.0, 6.0, "S1"),
    ]  # fmt: skip
    spoken = utterance(("I", 1.0, 1.4), ("no", 2.5, 2.8), ("do", 4.5, 4.8))
    assert speakers(assign([spoken], spans, spans)) == ["S1", "S2", "S1"]


def test_turns_change_with_the_speaker() -> None:
    spoken = utterance(("a", 0, 0.5), ("b", 1, 1.5), ("c", 6, 6.5), ("d", 10.2, 10.4))
    later = utterance(("e", 20.0, 20.5))
    found = turns(assign([later, spoken], [A, B], [A, B]))
    assert [(t.speaker, [w.text for w in t.words]) for t in found] == [
        ("S1", ["a", "b"]), ("S2", ["c"]), (UNKNOWN, ["d", "e"]),
    ]  # fmt: skip


times = st.floats(0, 60, allow_nan=False)
pairs = st.tuples(times, st.floats(0, 10)).map(lambda p: (p[0], p[0] + p[1]))
some_spans = st.lists(
    st.tuples(pairs, st.sampled_from(["S1", "S2", "S3"])).map(
        lambda p: SpeakerSpan(p[0][0], p[0][1], p[1])
    ),
    max_size=12,
)
some_words = st.lists(pairs, min_size=1, max_size=12).map(
    lambda found: utterance(*((f"w{i}", *pair) for i, pair in enumerate(found)))
)


@given(st.lists(some_words, max_size=4), some_spans)
def test_no_word_is_lost_and_each_has_an_answer(
    spoken: list[Utterance], spans: list[SpeakerSpan]
) -> None:
    found = assign(spoken, spans, spans)
    assert sorted(w.text for w in found) == sorted(w.text for u in spoken for w in u.words)
    assert {w.speaker for w in found} <= {UNKNOWN, *(span.speaker for span in spans)}
    assert all(0.0 <= w.margin <= 1.0 for w in found)
    assert all(w.overlap == bool(w.beside) and w.beside != w.speaker for w in found)
    assert [w for turn in turns(found) for w in turn.words] == list(found)
