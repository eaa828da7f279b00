"""What every transcription of a study starts from."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import FLOOR, BadInput, NotAllowed, Role, StaleWrite, Study, create_study
from secure_storage import database as door
from secure_storage import unlock as unlock_study
from secure_storage.schema import M001, M002
from transcribe import StudyDefaults, set_study_defaults, study_defaults
from transcribe.options import LANGUAGES, LONGEST_PROMPT

PASSPHRASE = "correct horse battery"


def test_a_new_study_starts_from_what_fokus_brings(study: Study) -> None:
    assert study_defaults(study) == StudyDefaults("", False, LANGUAGES, 0)


def test_what_is_set_is_kept_and_cleaned(study: Study) -> None:
    set_study_defaults(study, StudyDefaults(" Ragnhild\nNAV \n", True, ("nb", "en", "no")))
    assert study_defaults(study) == StudyDefaults("Ragnhild\nNAV", True, ("no", "en"), 1)
    set_study_defaults(study, StudyDefaults("", False, ("sv",), 1, written=True))
    assert study_defaults(study) == StudyDefaults("", False, ("sv",), 2, written=True)


def test_of_two_who_change_it_at_once_the_second_is_told(study: Study) -> None:
    read = study_defaults(study)
    set_study_defaults(study, StudyDefaults("Ragnhild", version=read.version))
    with pytest.raises(StaleWrite, match="Somebody else"):
        set_study_defaults(study, StudyDefaults("Torbjørn", version=read.version))
    assert study_defaults(study).prompt == "Ragnhild"


@pytest.mark.parametrize(
    "wrong",
    [
        StudyDefaults("x" * (LONGEST_PROMPT + 1)),
        StudyDefaults("<|endoftext|>"),
        StudyDefaults(allowed=()),
        StudyDefaults(allowed=("klingon",)),
    ],
)
def test_what_no_recogniser_could_use_is_refused(study: Study, wrong: StudyDefaults) -> None:
    with pytest.raises(BadInput):
        set_study_defaults(study, wrong)
    assert study_defaults(study) == StudyDefaults()


def test_the_journal_counts_the_words_and_does_not_repeat_them(study: Study) -> None:
    set_study_defaults(study, StudyDefaults("Ragnhild Skjæveland"))
    event = study.recent_events(limit=1)[0]
    assert (event.action, event.object) == ("study.transcription_set", "study")
    assert "Ragnhild" not in json.dumps([event.before, event.after])
    assert event.after is not None and event.after["words"] == 2


def test_a_reader_sees_and_does_not_set(
    study: Study, sign_in: Callable[[str, Role], Study]
) -> None:
    reader = sign_in("Rita", "reader")
    assert study_defaults(reader) == StudyDefaults()
    with pytest.raises(NotAllowed):
        set_study_defaults(reader, StudyDefaults("Ragnhild"))


def test_a_study_of_the_version_before_gets_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(door, "MIGRATIONS", (M001, M002))
        create_study(tmp_path / "home", "Older", "Ada", PASSPHRASE, cost=FLOOR)
        older = unlock_study(tmp_path / "home", "Ada", PASSPHRASE)
        assert "transcription_defaults" not in older.db.table_names()
        older.close()
    study = unlock_study(tmp_path / "home", "Ada", PASSPHRASE)
    set_study_defaults(study, StudyDefaults("Ragnhild"))
    assert study_defaults(study).prompt == "Ragnhild"
    study.close()
