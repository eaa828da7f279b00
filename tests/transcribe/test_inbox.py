"""The inbox folder: sealed into the study first, shredded only then."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import BadInput, NotAllowed, Role, Study, list_imports
from transcribe import SameFile, Target, recording, recordings
from transcribe.inbox import import_inbox, inbox

Tone = Callable[..., Path]


@pytest.fixture
def put(study: Study, tone: Tone) -> Callable[..., Path]:
    """Put a sound into the inbox."""

    def move(name: str = "talk.wav", **how: float) -> Path:
        return tone(name, **how).rename(study.home / "inbox" / name)

    return move


def sealed(study: Study) -> list[Path]:
    return list((study.home / "files").iterdir())


def test_only_files_called_like_recordings_are_listed(study: Study, put: Tone) -> None:
    path = put()
    folder = study.home / "inbox"
    (folder / "notes.txt").write_text("x")
    (folder / "dir.wav").mkdir()
    (folder / "link.wav").symlink_to("/etc/passwd")
    os.utime(path, (0, 0))
    (one,) = inbox(study)
    assert (one.name, one.size, one.settled) == ("talk.wav", path.stat().st_size, True)
    path.touch()
    assert not inbox(study)[0].settled


def test_an_import_seals_the_sound_and_removes_the_plaintext(study: Study, put: Tone) -> None:
    path = put()
    plain = path.read_bytes()
    done = import_inbox(study, ["talk.wav"], Target(None, "Group 3", 3))
    assert not path.exists()
    assert done.left_behind == ()
    (row,) = recordings(study)
    assert (row.id, row.title, row.group) == (done.recording_id, "Group 3", 3)
    (came,) = list_imports(study)
    assert (came.source, came.purpose) == ("inbox folder", "to transcribe and analyse")
    assert (came.size, came.sha256) == (len(plain), hashlib.sha256(plain).hexdigest())
    assert row.duration == pytest.approx(2.0)
    with study.files.open(row.parts[0].file_id) as kept:
        assert kept.read(0, kept.size) == plain
    for file in study.home.rglob("*"):
        assert not file.is_file() or plain[1000:1064] not in file.read_bytes()


def test_parts_lie_one_after_the_other_on_one_timeline(study: Study, put: Tone) -> None:
    put("a.wav", seconds=2.0)
    put("b.wav", seconds=1.0, hertz=500.0)
    put("c.wav", seconds=1.5, hertz=600.0)
    made = import_inbox(study, ["a.wav", "b.wav"], Target(None, "Two", 1)).recording_id
    import_inbox(study, ["c.wav"], Target(made))
    row = recording(study, made)
    assert [part.offset for part in row.parts] == pytest.approx([0.0, 2.0, 3.0])
    assert row.duration == pytest.approx(4.5)


def test_the_same_file_twice_is_refused_with_the_name_of_its_recording(
    study: Study, put: Tone
) -> None:
    put("first.wav")
    import_inbox(study, ["first.wav"], Target(None, "Group 3", 3))
    again = put("again.wav")
    files = sealed(study)
    with pytest.raises(SameFile, match="«Group 3»"):
        import_inbox(study, ["again.wav"], Target(None, "Group 4", 4))
    assert again.exists()
    assert len(recordings(study)) == 1
    assert sealed(study) == files


def test_the_same_file_twice_in_one_import_is_refused_whole(study: Study, put: Tone) -> None:
    put("a.wav")
    put("b.wav")
    with pytest.raises(SameFile):
        import_inbox(study, ["a.wav", "b.wav"], Target(None, "Group 3", 3))
    assert recordings(study) == []
    assert sealed(study) == []


def test_a_vanished_file_is_named_and_nothing_is_kept(study: Study, put: Tone) -> None:
    put("a.wav")
    with pytest.raises(BadInput, match="gone.wav"):
        import_inbox(study, ["a.wav", "gone.wav"], Target(None, "Group 3", 3))
    assert recordings(study) == []
    assert sealed(study) == []
    assert (study.home / "inbox" / "a.wav").exists()


def test_a_file_that_is_still_being_copied_is_left_alone(
    study: Study, put: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put()
    from transcribe import inbox as module

    first = module._state(path)
    states = iter([first, (first[0], first[1] + 1, first[2])])
    monkeypatch.setattr(module, "_state", lambda _: next(states))
    with pytest.raises(BadInput, match="still being copied"):
        import_inbox(study, ["talk.wav"], Target(None, "Group 3", 3))
    assert path.exists()
    assert sealed(study) == []


def test_what_is_no_longer_what_was_kept_is_not_shredded(
    study: Study, put: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put()
    from transcribe import inbox as module

    real = module.finish_files

    def grow_meanwhile(*args: object) -> int:
        with path.open("ab") as file:
            file.write(b"more")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "finish_files", grow_meanwhile)
    done = import_inbox(study, ["talk.wav"], Target(None, "Group 3", 3))
    assert done.left_behind == ("talk.wav",)
    assert path.exists()


@pytest.mark.parametrize("name", ["../study.json", "a/b.wav", "", ".."])
def test_nothing_outside_the_inbox_is_touched(study: Study, name: str) -> None:
    with pytest.raises(BadInput):
        import_inbox(study, [name], Target(None, "Group 3", 3))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"This is a letter, not a sound. " * 50, "not an audio"),
    ],
)
def test_what_is_not_sound_is_refused_and_stays(study: Study, content: bytes, said: str) -> None:
    path = study.home / "inbox" / "x.wav"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said):
        import_inbox(study, ["x.wav"], Target(None, "Group 3", 3))
    assert path.read_bytes() == content
    assert recordings(study) == []
    assert sealed(study) == []


def test_a_blip_is_refused(study: Study, put: Tone) -> None:
    put(seconds=0.2)
    with pytest.raises(BadInput, match="0.2 s"):
        import_inbox(study, ["talk.wav"], Target(None, "Group 3", 3))
    assert sealed(study) == []


def test_a_reader_imports_nothing(
    study: Study, put: Tone, sign_in: Callable[[str, Role], Study]
) -> None:
    path = put()
    with pytest.raises(NotAllowed):
        import_inbox(sign_in("Rita", "reader"), ["talk.wav"], Target(None, "Group 3", 3))
    assert path.exists()
