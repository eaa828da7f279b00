"""The talk of a transcript, without its words: what the numbers on it are made of."""

from secure_storage import Study

from . import store
from .store.lines import lines
from .talk import Spoken
from .transcript import UNKNOWN


def talk_of(study: Study, transcript_id: int) -> tuple[Spoken, ...]:
    """Give who said how much when, in order; two labels of one participant are one person."""
    names = {one.id: one.name for one in store.speakers(study, transcript_id)}
    found = []
    for one in lines(study, transcript_id):
        row, heard = one.row, one.said.words
        who = UNKNOWN if row.speaker_id is None else names[row.speaker_id]
        found.append(
            Spoken(
                row.id, who, row.start, row.end, len(row.text.split()),
                row.text.rstrip("\"'»”’) ").endswith("?"),
                bool(heard) and heard[0].overlap, bool(heard) and heard[-1].overlap,
            )
        )  # fmt: skip
    return tuple(found)
