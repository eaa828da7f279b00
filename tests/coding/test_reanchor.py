"""Where the words of a segment are after sentences were corrected. Pure."""

import pytest

from coding.reanchor import End, Found, Recasting, Run


def found(before: Run, after: Run, first: End | None, last: End | None) -> Found | None:
    return Recasting(before, after).follow(first, last)


def part(before: str, after: str) -> str | None:
    """Follow what stands in brackets through a correction of one sentence."""
    start, end = before.index("["), len(before) - 1 - before.index("]")
    text = before.replace("[", "").replace("]", "")
    now = found([(1, text)], [(1, after)], End(1, start), End(1, end))
    if now is None:
        return None
    assert now.first is not None
    assert now.last is not None
    return after[now.first.trim : len(after) - now.last.trim]


@pytest.mark.parametrize(
    ("before", "after", "now"),
    [
        ("the [lift is] loud", "the old lift is very loud", "lift is"),
        ("the [lift is] loud", "The lift, is loud.", "lift, is"),
        ("the [lift was so] loud", "the lift is so loud", "lift is so"),
        ("the [lift is] loud", "the lifts are loud", None),  # none of its words is left
        ("the [big lift is] loud", "the big lifts loud", "big lifts"),
        ("the [big lift] is loud", "the big lifts loud", None),  # whose are the lifts?
        ("the [big lift is] loud", "the big lift are loud", "big lift are"),
        ("the [lift is] loud", "a ramp is loud", None),
        ("the [lift] is loud", "the is loud", None),
        ("no [no] no", "no no", None),  # which of them went?
        ("so [it is] so", "so it is so so", "it is"),
        ("so [it] went", "so it it went", None),
        ("the lif[ted ha]nds", "the two lifted hands", "ted ha"),
        ("the lif[ted ha]nds", "the lifting hands", None),
        ("she said «[no more]».", "then she said «no more»!", "no more"),
        ("she said [«no more»].", "she said “no more”, dear", "“no more”,"),
        ("Åse 🙂 [blåbær] x", "Nå Åse 🙂 blåbær x", "blåbær"),
    ],
)
def test_a_part_is_found_again_or_nobody_can_tell(before: str, after: str, now: str | None) -> None:
    assert part(before, after) == now


def test_a_whole_sentence_may_be_said_anew() -> None:
    assert found([(1, "mumbling")], [(1, "The lift is loud.")], End(1), End(1)) == Found(
        End(1), End(1)
    )


SPLIT = ([(1, "one two three four")], [(1, "One two."), (7, "Three four.")])
"""Before and after."""


@pytest.mark.parametrize(
    ("first", "last", "now"),
    [
        (End(1), End(1), Found(End(1), End(7))),
        (End(1), End(1, 11), Found(End(1), End(1))),
        (End(1, 8), End(1), Found(End(7), End(7))),
        (End(1, 4), End(1, 5), Found(End(1, 4), End(7, 6))),
        (None, End(1, 11), Found(None, End(1))),
        (None, End(1), Found(None, End(7))),
    ],
)
def test_of_a_split_sentence_each_keeps_its_words(
    first: End | None, last: End | None, now: Found
) -> None:
    assert found(*SPLIT, first, last) == now


@pytest.mark.parametrize(
    ("first", "last", "now"),
    [
        (End(1), End(1), Found(End(1), End(1, 12))),
        (End(7), End(7), Found(End(1, 9), End(1))),
        (End(1), End(7), Found(End(1), End(1))),
        (End(1, 4), End(7, 6), Found(End(1, 4), End(1, 6))),
        (End(7), None, Found(End(1, 9), None)),
    ],
)
def test_of_merged_sentences_each_keeps_its_words(
    first: End | None, last: End | None, now: Found
) -> None:
    merged = [(1, "One two. Three four.")]
    assert found(SPLIT[1], merged, first, last) == now


def test_what_was_removed_is_found_nowhere_and_what_goes_on_beside_it_ends_there() -> None:
    gone = [(1, "One two."), (2, "Three.")]
    assert found(gone, [], End(1), End(2)) is None
    assert found(gone, [], None, End(1)) == Found(None, None)
    assert found(gone, [], End(2), None) == Found(None, None)


def test_neighbours_stay_apart_when_both_are_said_anew() -> None:
    before, after = [(1, "a b"), (2, "c d")], [(1, "x"), (2, "y z")]
    assert found(before, after, End(1), End(1)) == Found(End(1), End(1))
    assert found(before, after, End(2), End(2)) == Found(End(2), End(2))
    assert found(before, after, End(1), End(2)) == Found(End(1), End(2))
    assert found(before, after, End(1), End(2, 2)) is None
