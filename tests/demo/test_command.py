"""``fokus demo`` builds a whole study, writes the Word file, and can be repeated."""

import contextlib
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

import coding
import secure_storage
import themes
import transcribe

ROOT = Path(__file__).parents[2]


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    import sys

    return subprocess.run(
        [sys.executable, "-c", "import app, sys; sys.exit(app.main())", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def study(demo_copy: Any) -> Any:
    opened = secure_storage.unlock(demo_copy.home, "Ingrid", demo_copy.passphrase("Ingrid"))
    yield opened
    opened.close()


def test_it_says_what_it_made(demo_study: Any) -> None:
    assert "Focus group 1" in demo_study.said
    assert "Focus group 2" in demo_study.said
    assert "16 codes, 4 themes, 15 quotes, 2 members" in demo_study.said
    assert demo_study.passphrase("Ingrid") in demo_study.said
    assert demo_study.passphrase("Jonas") in demo_study.said


def test_repeating_it_is_harmless(demo_study: Any) -> None:
    again = command("demo", "--no-serve", "--home", str(demo_study.home))
    assert again.returncode == 0
    assert demo_study.passphrase("Ingrid") in again.stdout
    assert "was built" not in again.stdout


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"mine")
    done = command("demo", "--no-serve", "--home", str(tmp_path))
    assert done.returncode == 1
    assert "--home" in done.stderr
    assert (tmp_path / "thesis.docx").read_bytes() == b"mine"


def test_the_word_file_holds_table_themes_and_attributed_quotes(demo_study: Any) -> None:
    files = list((demo_study.home / "exports").glob("*.docx"))
    assert len(files) == 1
    with zipfile.ZipFile(files[0]) as word:
        text = word.read("word/document.xml").decode("utf-8")
    assert "C1" in text
    assert "Safety on whose terms?" in text
    assert "(Health care assistant, group 2)" in text
    assert "demo model" in text.lower()


def test_both_coders_coded_both_groups(study: Any) -> None:
    for row in transcribe.list_transcripts(study):
        coders = {one.coder_id for one in coding.codings(study, row.id)}
        assert coders == {member.id for member in study.members()}
        assert len(transcribe.speakers(study, row.id)) >= 5
    assert all(theme.concept for theme in themes.list_themes(study))
    assert secure_storage.verify_chain(study).ok


def test_the_moderators_questions_are_the_guide_and_marked_where_they_are_asked(
    study: Any,
) -> None:
    guide = {one.id: one.text for one in transcribe.questions(study)}
    asked = [
        {guide[one.question_id] for one in transcribe.question_marks(study, row.id)}
        for row in transcribe.list_transcripts(study)
    ]
    assert len(asked) == 2 and all(len(some) >= 6 for some in asked)
    assert set.union(*asked) == set(guide.values())
    assert "Who should see the data?" in set.intersection(*asked)


def test_every_sentence_has_a_speaker_or_is_honestly_unknown(study: Any) -> None:
    first = next(row for row in transcribe.list_transcripts(study) if row.recording_id)
    named = {row.id for row in transcribe.speakers(study, first.id)}
    for sentence in transcribe.sentences(study, first.id):
        assert sentence.speaker_id is None or sentence.speaker_id in named
    assert first.demo


def test_nothing_spoken_lies_in_the_clear(demo_study: Any) -> None:
    """The Word file and the made-up sign-ins are the only plain files, by decision."""
    words = [b"Safety on whose terms", b"drink coffee", b"OpusHead", b"Olivia"]
    for path in demo_study.home.rglob("*"):
        if path.is_file() and path.parent.name != "exports":
            data = path.read_bytes()
            assert not [word for word in words if word in data], path


def test_an_interrupted_build_is_simply_begun_again(demo_study: Any) -> None:
    """The fixture's build found half a study beside its home, as an interruption leaves it."""
    assert not demo_study.home.with_name(".home.making").exists()
    assert (demo_study.home / "study.db").stat().st_size > 4096


def test_a_worker_that_dies_ends_the_build_with_a_word(tmp_path: Path) -> None:
    import os
    import signal
    import sys
    import time

    home = tmp_path / "home"
    build = subprocess.Popen(
        [sys.executable, "-c", "import app, sys; sys.exit(app.main())",
         "demo", "--no-serve", "--home", str(home)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    jobs = tmp_path / ".home.making" / "jobs"
    while build.poll() is None and not (workers := _workers(jobs)):
        time.sleep(0.05)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    said, error = build.communicate(timeout=300)
    assert build.returncode == 1
    assert "again" in error
    assert not home.exists()
    assert "Traceback" not in said + error


def _workers(jobs: Path) -> list[int]:
    """Processes that work on a capsule below ``jobs``, as their progress says."""
    told = []
    for file in jobs.glob("[!.]*/progress.json"):
        with contextlib.suppress(FileNotFoundError):  # replaced or removed at this moment
            told.append(json.loads(file.read_bytes())["process"])
    return [process for process in told if process > 0]
