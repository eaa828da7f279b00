"""Sound from outside is decoded by a child that has nothing but that sound."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import BadInput, Study
from transcribe import add_recording, recordings
from transcribe.look import look

Tone = Callable[..., Path]


def test_facts_come_back_and_nothing_is_left(tone: Tone, tmp_path: Path) -> None:
    facts = look(tmp_path / "looks", [tone(seconds=1.5).read_bytes()])
    assert (facts.duration, facts.channels, facts.sample_rate) == (1.5, 1, 16_000)
    assert facts.media_type == "audio/wav"
    assert list((tmp_path / "looks").iterdir()) == []


def test_a_decoder_that_breaks_off_is_told(
    tone: Tone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(BadInput, match="broke off"):
        look(tmp_path / "looks", [tone().read_bytes()])
    assert list((tmp_path / "looks").iterdir()) == []


def test_the_child_is_given_neither_keys_nor_plaintext(
    study: Study, tone: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tone()
    plain = path.read_bytes()[1000:1064]
    real = subprocess.Popen
    seen: list[Path] = []

    def watched(command: list[str], **how: object) -> object:
        folder = Path(command[command.index("transcribe.look:describe") + 1])
        seen.append(folder)
        assert not any(plain in file.read_bytes() for file in folder.iterdir())
        return real(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", watched)
    add_recording(study, "One", 1, [path])
    assert len(seen) == 1
    assert seen[0].parent == study.home / "looks"
    assert len(recordings(study)) == 1


def test_what_is_certainly_no_sound_is_called_by_its_name(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "interview.wav"
    path.write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(BadInput, match="This is a PDF, not a sound"):
        add_recording(study, "One", 1, [path])
    assert recordings(study) == []


def test_pages_and_uploads_never_load_the_decoder(study: Study, tone: Tone) -> None:
    code = (
        "import sys, pathlib, secure_storage, transcribe;"
        "study = secure_storage.unlock(pathlib.Path(sys.argv[1]), 'Ada', sys.argv[2]);"
        "transcribe.add_recording(study, 'One', 1, [pathlib.Path(sys.argv[3])]);"
        "study.close(); print([n for n in ('av', 'torch') if n in sys.modules])"
    )
    study.close()
    done = subprocess.run(
        [sys.executable, "-c", code, str(study.home), "correct horse battery", str(tone())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
