"""Sound for a text that came without: attached later, and the times found in it."""

from collections.abc import Sequence

from secure_storage import BadInput, Study

from ..anchoring import Anchored
from .acting import acting


def attach_recording(
    study: Study, transcript_id: int, recording_id: int, client_id: str | None = None
) -> None:
    """Say which recording a transcript without sound is of; can be taken back."""
    with acting(
        study, transcript_id, "transcript.sound_attached", client_id, said="attached sound"
    ) as act:
        (there,) = act.db.execute(
            "SELECT recording_id IS NOT NULL FROM transcripts WHERE id = ?", [transcript_id]
        ).fetchone()
        if there:
            raise BadInput("This transcript has its sound already. Take that back first.")
        if not act.db.execute(
            "SELECT 1 FROM recordings WHERE id = ? AND deleted_at IS NULL", [recording_id]
        ).fetchone():
            raise BadInput("This recording does not exist (any more). Reload the page.")
        act.keep("transcripts", transcript_id)
        act.db.execute(
            "UPDATE transcripts SET recording_id = ? WHERE id = ?", [recording_id, transcript_id]
        )


def place_sentences(
    study: Study, transcript_id: int, recording_id: int,
    found: Sequence[tuple[int, str, Anchored]], client_id: str | None = None,
    asked_by: int | None = None,
) -> None:  # fmt: skip
    """Write the times of sentences (id, the text they were found for, time), in one act.

    A sentence whose text is another meanwhile keeps what it had. The words of the text
    get times too; that a person wrote them, nothing doubts. ``BadInput`` where the sound in
    which they were found is not the transcript's any more. Whoever asked for it takes it back.
    """
    with acting(
        study, transcript_id, "transcript.aligned", client_id, said="times found in the sound",
        asked_by=asked_by,
    ) as act:  # fmt: skip
        (sound,) = act.db.execute(
            "SELECT recording_id FROM transcripts WHERE id = ?", [transcript_id]
        ).fetchone()
        if sound != recording_id:
            raise BadInput(
                "The recording was taken from this text meanwhile, so the times that were found "
                "in it were not written. Attach it again, then find the times."
            )
        texts = dict(
            act.db.execute(
                "SELECT id, text FROM sentences WHERE transcript_id = ?", [transcript_id]
            ).fetchall()
        )
        for sentence_id, text, when in found:
            if texts.get(sentence_id) != text:
                continue
            act.keep("sentences", sentence_id)
            act.keep("words", sentence_id)
            act.db.execute(
                "UPDATE sentences SET start = ?, end = ? WHERE id = ?",
                [when.start, when.end, sentence_id],
            )
            act.db.execute("DELETE FROM words WHERE sentence_id = ?", [sentence_id])
            act.db.conn.executemany(
                "INSERT INTO words (sentence_id, position, text, start, end, confidence, margin,"
                " overlap) VALUES (?, ?, ?, ?, ?, 1.0, 1.0, 0)",
                [
                    (sentence_id, place, word, start, end)
                    for place, (word, (start, end)) in enumerate(
                        zip(text.split() if when.words else (), when.words, strict=True)
                    )
                ],
            )
