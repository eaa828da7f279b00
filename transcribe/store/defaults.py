"""What every transcription of the study starts from, until somebody chooses otherwise."""

from sqlite_utils import Database

from secure_storage import Change, StaleWrite, Study

from ..options import allowed_languages, checked_prompt
from .rows import StudyDefaults


def study_defaults(study: Study) -> StudyDefaults:
    """Give the study's words, style and languages."""
    study.require("read")
    return read_defaults(study.db)


def read_defaults(db: Database) -> StudyDefaults:
    """Give them as ``db`` has them; what nobody has set is as Fokus brings it."""
    row = db.execute(
        "SELECT prompt, verbatim, allowed, version, written FROM transcription_defaults"
    ).fetchone()
    if row is None:
        return StudyDefaults()
    return StudyDefaults(
        str(row[0]), bool(row[1]), tuple(row[2].split()), int(row[3]), bool(row[4])
    )


def set_study_defaults(study: Study, defaults: StudyDefaults) -> None:
    """Set them as they were read as ``defaults.version``; StaleWrite if that is old.

    The words do not enter the journal, because they often name people: it tells how many
    there are.
    """
    study.require("transcribe")
    prompt, allowed = checked_prompt(defaults.prompt), allowed_languages(defaults.allowed)
    with study.change("transcribe") as change:
        before = read_defaults(change.db)
        if before.version != defaults.version:
            raise StaleWrite(
                "Somebody else has changed the study's words or style meanwhile. Compare with "
                "what is shown now, and save again."
            )
        after = StudyDefaults(
            prompt, defaults.verbatim, allowed, before.version + 1, defaults.written
        )
        change.db.execute(
            "INSERT OR REPLACE INTO transcription_defaults (id, prompt, verbatim, allowed, version,"
            " written) VALUES (1, ?, ?, ?, ?, ?)",
            [after.prompt, int(after.verbatim), " ".join(after.allowed), after.version,
             int(after.written)],
        )  # fmt: skip
        change.record(
            "study.transcription_set", "study", before=_counted(before), after=_counted(after)
        )


def rewrite_prompt(change: Change, prompt: str) -> None:
    """Put another text in place of the expected words."""
    change.db.execute(
        "UPDATE transcription_defaults SET prompt = ?, version = version + 1", [prompt]
    )


def _counted(one: StudyDefaults) -> dict[str, object]:
    return {
        "words": len(one.prompt.split()), "verbatim": one.verbatim, "allowed": list(one.allowed),
        "written": one.written,
    }  # fmt: skip
