"""Earlier revisions: read again, compared word by word, and who made them."""

from collections.abc import Callable

import pytest

from secure_storage import Role, Study
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    edit_sentence,
    save_transcription,
    sentences,
    speakers,
)
from transcribe.editing import PastLine, compare
from transcribe.store import undo
from transcribe.store.editing import merge_sentences, split_sentence
from transcribe.store.revisions import as_of, history, revisions
from transcribe.store.rewriting import remove_sentences
from transcribe.store.speaking import give_speaker, rename_speaker

TALK = Transcription(
    "en",
    (
        Turn("S1", (Sentence("I lift alone.", 0.0, 1.0), Sentence("We are two.", 1.0, 2.0))),
        Turn("S2", (Sentence("Yes.", 2.0, 3.0),)),
    ),
)


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="One", group=1, recording_id=None)


def told(study: Study, talk: int, seq: int) -> list[tuple[str, str]]:
    return [(one.speaker, one.text) for one in as_of(study, talk, seq)]


def now(study: Study, talk: int) -> list[tuple[str, str]]:
    names = {one.id: one.label for one in speakers(study, talk)}
    return [(names.get(one.speaker_id or 0, ""), one.text) for one in sentences(study, talk)]


def test_every_revision_is_read_as_it_was(study: Study, talk: int) -> None:
    first, second, third = sentences(study, talk)
    acts: tuple[Callable[[], object], ...] = (
        lambda: edit_sentence(study, first.id, "I never lift alone.", 1, None),
        lambda: split_sentence(study, talk, first.id, 2, 7, None),
        lambda: give_speaker(study, talk, second.id, "sentence", third.speaker_id),
        lambda: rename_speaker(study, first.speaker_id or 0, "Anna"),
        lambda: undo(study, talk),
        lambda: remove_sentences(study, talk, [(third.id, 1)], None),
        lambda: merge_sentences(
            study, talk, [(first.id, 3), (sentences(study, talk)[1].id, 1)], None
        ),
    )  # fmt: skip
    known = [(study.head(), now(study, talk))]
    for act in acts:
        act()
        known.append((study.head(), now(study, talk)))
    assert [told(study, talk, seq) for seq, _ in known] == [lines for _, lines in known]
    assert told(study, talk, 0) == known[0][1]
    assert [one.said for one in revisions(study, talk)] == [
        "merged sentences", "what was removed", "Taken back: a renamed speaker",
        "a renamed speaker", "another speaker for what was said", "a split sentence",
        "a corrected sentence",
    ]  # fmt: skip


def test_who_corrected_a_sentence_and_when(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study]
) -> None:
    bo = sign_in("Bo", "coder")
    first, second, _ = sentences(study, talk)
    edit_sentence(study, first.id, "I never lift alone.", 1, None)
    edit_sentence(study, second.id, "Another.", 1, None)
    split_sentence(bo, talk, first.id, 2, 7, None)
    made = sentences(study, talk)[1].id
    assert [(one.member_id, one.before, one.after) for one in history(study, talk, first.id)] == [
        (bo.member.id, "I never lift alone.", "I never"),
        (study.member.id, "I lift alone.", "I never lift alone."),
    ]
    assert [(one.before, one.after) for one in history(study, talk, made)] == [
        (None, "lift alone.")
    ]
    edit_sentence(study, made, "lift.", 1, None)
    remove_sentences(study, talk, [(made, 2)], None)
    assert [one.after for one in history(study, talk, made)] == [None, "lift.", "lift alone."]


def test_revisions_are_compared_word_by_word() -> None:
    old = [PastLine(1, "I lift alone.", "A"), PastLine(2, "Same.", "A"), PastLine(3, "Yes.", "B")]
    new = [
        PastLine(1, "I never", "A"), PastLine(4, "lift alone.", "A"), PastLine(2, "Same.", "A"),
        PastLine(3, "Yes.", "A"),
    ]  # fmt: skip
    split, given = compare(old, new)
    assert split.pieces == (("same", "I"), ("new", "never"), ("same", "lift alone."))
    assert ([one.id for one in split.old], [one.id for one in split.new]) == ([1], [1, 4])
    assert given.pieces == (("same", "Yes."),)
    assert (split.spoken_by_another, given.spoken_by_another) == (False, True)
    assert compare(old, old) == ()
    (gone,) = compare(old[:1], [])
    assert gone.pieces == (("gone", "I lift alone."),)


def test_a_long_talk_is_compared_at_once_and_names_are_no_difference(study: Study) -> None:
    # Every word stands in both many times: 20,000 of them against each other took minutes.
    said = [" ".join(f"w{(n * n + k) % 97}" for k in range(10)) for n in range(2000)]
    old = [PastLine(n, text, "S1", speaker_id=1) for n, text in enumerate(said)]
    called = [PastLine(n, text, "Anna", speaker_id=1) for n, text in enumerate(said)]
    assert compare(old, called) == ()
    given = [PastLine(n, f"{text} more", "Bo", speaker_id=2) for n, text in enumerate(said)]
    (found,) = compare(old, given)
    words = " ".join(one for kind, one in found.pieces if kind != "gone").split()
    assert words == " ".join(one.text for one in given).split()
