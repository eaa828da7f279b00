"""What the player needs of the parts of a recording: their loudness, and copies to play."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlite_utils import Database

from secure_storage import Change, Files, StoredFile, Study

from ..audio import Facts
from ..waveform import silent

PLAYBACK: Final = "playback"
"""Of stored files that browsers play in place of a part's own."""
_MEDIA: Final = """
SELECT p.id, p.file_id, p.duration, p.channels, p.sample_rate, m.peaks, m.playable,
       m.copy_id IS NOT NULL
FROM recording_parts p LEFT JOIN part_media m ON m.part_id = p.id
"""


@dataclass(frozen=True, slots=True)
class MediaRow:
    """What is known of one part."""

    part_id: int
    file_id: str
    duration: float
    channels: int
    sample_rate: int
    peaks: bytes | None
    """None: nobody has looked yet."""
    playable: bool
    """Browsers can play the file as it came; said once somebody has looked."""
    copied: bool

    @property
    def ready(self) -> bool:
        """Everything is there that the player needs."""
        return self.peaks is not None and (self.playable or self.copied)


def media(study: Study, recording_id: int) -> list[MediaRow]:
    """What is known of the parts of a recording, in their order."""
    study.require("read")
    rows = study.db.execute(
        f"{_MEDIA} WHERE p.recording_id = ? ORDER BY p.position", [recording_id]
    )
    return [
        MediaRow(part, file, length, channels, rate, peaks, bool(playable), bool(copied))
        for part, file, length, channels, rate, peaks, playable, copied in rows
    ]


def insert_media(change: Change, part_id: int, facts: Facts) -> None:
    """Keep what was seen of a part, unless that is known."""
    change.db.execute(
        "INSERT INTO part_media (part_id, peaks, playable) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [part_id, facts.peaks, int(facts.playable)],
    )


def set_copy(change: Change, seen: MediaRow, stored: StoredFile) -> bool:
    """Let a part be played from a copy; False where its own file is another meanwhile."""
    return bool(
        change.db.execute(
            "UPDATE part_media SET copy_id = ? WHERE part_id = ? AND copy_id IS NULL"
            " AND (SELECT file_id FROM recording_parts WHERE id = part_id) = ?",
            [stored.id, seen.part_id, seen.file_id],
        ).rowcount
    )


def copies_of(db: Database, parts: Sequence[int]) -> list[str]:
    """The copies of some parts."""
    marks = ", ".join("?" * len(parts))
    rows = db.execute(
        f"SELECT copy_id FROM part_media WHERE copy_id IS NOT NULL AND part_id IN ({marks})",
        list(parts),
    )
    return [str(row[0]) for row in rows.fetchall()]


def silence_media(
    change: Change, files: Files, part_id: int, spans: Sequence[tuple[float, float]]
) -> None:
    """Take spans (seconds of the part) out of what the player has; a copy is made anew.

    Called when the part has another file: FLAC, with as many channels as before.
    """
    for copy in copies_of(change.db, [part_id]):
        change.db.execute("UPDATE part_media SET copy_id = NULL WHERE part_id = ?", [part_id])
        files.destroy(copy, change)
    for (peaks,) in change.db.execute(
        "SELECT peaks FROM part_media WHERE part_id = ?", [part_id]
    ).fetchall():
        change.db.execute(
            "UPDATE part_media SET peaks = ?, playable ="
            " (SELECT channels <= 2 FROM recording_parts WHERE id = part_id) WHERE part_id = ?",
            [silent(peaks, spans), part_id],
        )
