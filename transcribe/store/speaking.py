"""Acts on speakers: naming, merging and adding them, and giving them what they said."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, get_args

from secure_storage import BadInput, Study, Undoable, register_undoable

from ..transcript import UNKNOWN
from .acting import Act, acting
from .turns import HeldTurn, give, join_turns, turns_of

if TYPE_CHECKING:
    from sqlite_utils import Database

Extent = Literal["sentence", "turn", "rest", "onwards"]
"""How much is given from a sentence on: it alone, its turn, the rest of its turn, or it and
all that its speaker says after it."""
EXTENTS: Final[tuple[Extent, ...]] = get_args(Extent)
_LONGEST_NAME: Final = 80

# After the speakers, to whom voices point.
register_undoable(Undoable("voices"))


def rename_speaker(study: Study, speaker_id: int, label: str, client_id: str | None = None) -> None:
    """Give a speaker another label, unique in its transcript."""
    study.require("transcribe")
    label = _clean(label)
    transcript_id = _transcript_of(study.db, speaker_id)
    with acting(
        study, transcript_id, "speaker.renamed", client_id,
        about=f"speaker:{speaker_id}", said="a renamed speaker",
    ) as act:  # fmt: skip
        _check_speaker(act, speaker_id)
        _check_free(act, label, speaker_id)
        act.keep("speakers", speaker_id)
        act.db.execute("UPDATE speakers SET label = ? WHERE id = ?", [label, speaker_id])


def link_speaker(
    study: Study, speaker_id: int, participant_id: int | None, client_id: str | None = None
) -> None:
    """Say which participant or moderator a speaker is; None takes the link back."""
    study.require("transcribe")
    transcript_id = _transcript_of(study.db, speaker_id)
    with acting(
        study, transcript_id, "speaker.linked", client_id,
        about=f"speaker:{speaker_id}", said="who a speaker is",
    ) as act:  # fmt: skip
        _check_speaker(act, speaker_id)
        if participant_id is not None:
            _check_participant(act, participant_id)
        act.keep("speakers", speaker_id)
        act.db.execute(
            "UPDATE speakers SET participant_id = ? WHERE id = ?", [participant_id, speaker_id]
        )


def merge_speakers(
    study: Study, speaker_id: int, into_id: int, client_id: str | None = None
) -> None:
    """Make two speakers of a transcript one: all that the first says is the second's."""
    study.require("transcribe")
    transcript_id = _transcript_of(study.db, into_id)
    with acting(
        study, transcript_id, "speaker.merged", client_id,
        about=f"speaker:{into_id}", said="two merged speakers",
    ) as act:  # fmt: skip
        _check_speaker(act, speaker_id)
        if speaker_id == into_id:
            raise BadInput("Choose two different speakers to merge.")
        _check_not_erased(act, speaker_id, into_id)
        act.keep("speakers", speaker_id, into_id)
        _hand_link_on(act, speaker_id, into_id)
        touched = _ids(act, "SELECT id FROM turns WHERE speaker_id = ?", speaker_id)
        act.keep("turns", *touched)
        act.keep("voices", *_ids(act, "SELECT id FROM voices WHERE speaker_id = ?", speaker_id))
        for table in ("turns", "voices"):
            act.db.execute(
                f"UPDATE {table} SET speaker_id = ? WHERE speaker_id = ?", [into_id, speaker_id]
            )
        join_turns(act, touched)
        act.db.execute("DELETE FROM speakers WHERE id = ?", [speaker_id])


def give_speaker(
    study: Study, transcript_id: int, sentence_id: int, extent: Extent, speaker_id: int | None,
    client_id: str | None = None, *, through: int | None = None,
) -> None:  # fmt: skip
    """Give a sentence, its turn, or what follows, to a speaker; None is nobody known.

    With the extent «sentence» also those behind it, up to ``through``. Turns are cut where
    need be and joined with their neighbours of the same speaker. What a person gave is theirs:
    assigning speakers again leaves it.
    """
    study.require("transcribe")
    with acting(
        study, transcript_id, "turn.given", client_id, said="another speaker for what was said"
    ) as act:
        if speaker_id is not None:
            _check_speaker(act, speaker_id)
            _check_not_erased(act, speaker_id)
        _give(act, sentence_id, extent, speaker_id, through)


def new_speaker(
    study: Study, transcript_id: int, label: str, client_id: str | None = None, *,
    sentence_id: int | None = None, extent: Extent = "sentence",
) -> int:  # fmt: skip
    """Add a speaker, who is given what is said at a sentence, if one is named; gives the id.

    Without a ``label`` the speaker gets a numbered one.
    """
    study.require("transcribe")
    with acting(study, transcript_id, "speaker.added", client_id, said="a new speaker") as act:
        label = _clean(label) if label.strip() else _numbered(act)
        _check_free(act, label, None)
        found = act.insert("speakers", transcript_id=transcript_id, label=label)
        if sentence_id is not None:
            _give(act, sentence_id, extent, found)
    return found


def _give(
    act: Act, sentence_id: int, extent: Extent, speaker_id: int | None, through: int | None = None
) -> None:
    meant = _meant(turns_of(act), sentence_id, extent, through)
    if not meant:
        raise BadInput("This sentence does not exist (any more). Reload the transcript.")
    give(act, dict.fromkeys(meant, speaker_id), by_hand=True)


def _meant(
    turns: Sequence[HeldTurn], sentence_id: int, extent: Extent, through: int | None
) -> list[int]:
    if extent not in EXTENTS:
        raise BadInput("This request cannot be read: how much is given is not said.")
    place = next((n for n, turn in enumerate(turns) if sentence_id in turn.sentences), None)
    if place is None:
        return []
    turn = turns[place]
    rest = list(turn.sentences[turn.sentences.index(sentence_id) :])
    match extent:
        case "sentence":
            said = [one for turn in turns[place:] for one in turn.sentences]
            first = said.index(sentence_id)
            # Up to one that is gone, or stands before it: nothing.
            after = [sentence_id] if through is None else [one for one in said if one == through]
            return said[first : said.index(after[0]) + 1] if after else []
        case "turn":
            return list(turn.sentences)
        case "rest":
            return rest
    later = (one for one in turns[place + 1 :] if one.speaker_id == turn.speaker_id)
    return rest + [one for same in later for one in same.sentences]


def _hand_link_on(act: Act, speaker_id: int, into_id: int) -> None:
    (mine,) = _ids(act, "SELECT participant_id FROM speakers WHERE id = ?", speaker_id)
    (theirs,) = _ids(act, "SELECT participant_id FROM speakers WHERE id = ?", into_id)
    if mine is not None and theirs is not None and mine != theirs:
        raise BadInput(
            "These speakers are linked to two different participants. Take one of the links back "
            "first, then merge them."
        )
    act.db.execute(
        "UPDATE speakers SET participant_id = ? WHERE id = ?",
        [mine if theirs is None else theirs, into_id],
    )


def _check_participant(act: Act, participant_id: int) -> None:
    if not act.db.execute(
        "SELECT 1 FROM participants p JOIN transcripts t ON t.group_number = p.group_number"
        " WHERE p.id = ? AND t.id = ?",
        [participant_id, act.transcript_id],
    ).fetchone():
        raise BadInput(
            "This participant is not in the transcript's group. Add the participant to the "
            "group first (page Recordings)."
        )
    _refuse_erased(act, participant_id)


def _check_not_erased(act: Act, *speakers: int) -> None:
    """Words that come to a person after their erasure would never be erased."""
    for speaker_id in speakers:
        for one in _ids(act, "SELECT participant_id FROM speakers WHERE id = ?", speaker_id):
            _refuse_erased(act, one)


def _refuse_erased(act: Act, participant_id: int) -> None:
    if act.db.execute(
        "SELECT 1 FROM erasures WHERE participant_id = ? AND state IN ('erased', 'done')",
        [participant_id],
    ).fetchone():
        raise BadInput(
            "This participant withdrew and was erased, so nothing can be linked to them. If "
            "it is the same person, take their words out of this transcript."
        )


def _transcript_of(db: "Database", speaker_id: int) -> int:
    row = db.execute("SELECT transcript_id FROM speakers WHERE id = ?", [speaker_id]).fetchone()
    if row is None:
        raise BadInput("This speaker does not exist (any more). Reload the transcript.")
    return int(row[0])


def _check_speaker(act: Act, speaker_id: int) -> None:
    if _transcript_of(act.db, speaker_id) != act.transcript_id:
        raise BadInput("This speaker is not in this transcript. Reload it.")


def _clean(label: str) -> str:
    label = " ".join(label.split())
    if not label or label == UNKNOWN or len(label) > _LONGEST_NAME:
        raise BadInput(
            f"A speaker needs a name of at most {_LONGEST_NAME} characters, other than {UNKNOWN}."
        )
    return label


def _check_free(act: Act, label: str, speaker_id: int | None) -> None:
    if act.db.execute(
        "SELECT 1 FROM speakers WHERE transcript_id = ? AND label = ? AND id IS NOT ?",
        [act.transcript_id, label, speaker_id],
    ).fetchone():
        raise BadInput("Another speaker of this transcript already has this name.")


def _numbered(act: Act) -> str:
    rows = act.db.execute(
        "SELECT label FROM speakers WHERE transcript_id = ?", [act.transcript_id]
    ).fetchall()
    taken = {str(row[0]) for row in rows}
    return next(label for n in range(1, len(taken) + 2) if (label := f"Speaker {n}") not in taken)


def _ids(act: Act, sql: str, number: int) -> list[int]:
    return [row[0] for row in act.db.execute(sql, [number]).fetchall()]
