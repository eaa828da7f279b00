"""Which ten seconds of a speaker are played."""

from hypothesis import given
from hypothesis import strategies as st

from transcribe.voice_sample import LENGTH, Sounded, clearest, clearness


def run(turn: int, start: float, count: int, clear: float = 0.9) -> list[Sounded]:
    return [Sounded(turn, start + n, start + n + 0.8, clear) for n in range(count)]


def test_the_clear_stretch_is_played_and_not_the_long_doubtful_one() -> None:
    assert clearest([*run(1, 0, 30, 0.1), *run(2, 100, 8)]) == (100.0, 107.8)
    crowded = [Sounded(1, n, n + 0.8, clearness(0.9, 0.9, n < 20)) for n in range(40)]
    assert clearest(crowded) == (20.0, 29.8)


def test_a_sentence_without_word_times_is_played_from_its_start() -> None:
    assert clearest([Sounded(1, 5.0, 40.0, 0.5)]) == (5.0, 15.0)
    assert clearest([Sounded(1, 5.0, 5.0, 0.5)]) is None
    assert clearest([]) is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.floats(0, 99), st.floats(0, 30), st.floats(0, 1)
        ),
        max_size=30,
    )
)  # fmt: skip
def test_a_sample_lies_within_one_turn_and_is_no_longer_than_it_may(
    made: list[tuple[int, float, float, float]],
) -> None:
    stretches = [Sounded(turn, start, start + length, clear) for turn, start, length, clear in made]
    found = clearest(stretches)
    if found is None:
        assert not [one for one in stretches if one.end > one.start]
        return
    start, end = found
    assert start < end <= start + LENGTH
    assert any(
        start in {one.start for one in stretches if one.turn == turn}
        and end <= max(one.end for one in stretches if one.turn == turn)
        for turn in {one.turn for one in stretches}
    )
