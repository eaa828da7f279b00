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
    real = subprocess.run
    seen: list[Path] = []

    def watched(command: list[str], **how: object) -> object:
        folder = Path(command[-1])
        seen.append(folder)
        assert not any(plain in file.read_bytes() for file in folder.iterdir())
        assert len(how["input"]) == 32  # type: ignore[arg-type]  # the key of this look, no more
        return real(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    add_recording(study, "One", 1, [path])
    assert len(seen) == 1
    assert seen[0].parent == study.home / "looks"
    assert len(recordings(study)) == 1


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
