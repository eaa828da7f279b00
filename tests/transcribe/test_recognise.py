"""Recognition with a real Whisper checkpoint whose words are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from secure_storage import BadInput
from transcribe import recognise as recognising
from transcribe.models import ModelFile
from transcribe.recognise import DROPPED, find_language, load, recognise
from transcribe.windows import Window

MakeModel = Callable[..., Path]
SOUND = np.random.default_rng(0).normal(0, 0.1, 16_000 * 40).astype(np.float32)
WINDOWS = (Window(1.0, 9.0), Window(20.0, 26.0))


def nothing(done: int, total: int) -> None:
    pass


def test_pieces_get_their_times_and_words_from_the_window(scripted_model: MakeModel) -> None:
    path = scripted_model((0.0, "Hello there, Ada's home-care.", 2.0), (2.5, "Yes.", 3.0))
    model = load(ModelFile("scripted", path))
    told: list[tuple[int, int]] = []
    found, doubts = recognise(SOUND, WINDOWS, model, "en", lambda *step: told.append(step))
    assert doubts == ()
    assert [(u.start, u.end, u.text) for u in found] == [
        (1.0, 3.0, "Hello there, Ada's home-care."), (3.5, 4.0, "Yes."),
        (20.0, 22.0, "Hello there, Ada's home-care."), (22.5, 23.0, "Yes."),
    ]  # fmt: skip
    assert [w.text for w in found[0].words] == ["Hello", "there,", "Ada's", "home-care."]
    for one in found:
        assert all(one.start <= w.start <= w.end <= one.end for w in one.words)
        assert all(0 <= w.confidence <= 1 for w in one.words)
    assert told == [(1, 2), (2, 2)]


def test_a_batch_gives_what_its_windows_give_alone(scripted_model: MakeModel) -> None:
    model = load(ModelFile("scripted", scripted_model((0.0, "One two three.", 2.0))))
    together, _ = recognise(SOUND, WINDOWS, model, "en", nothing)
    alone = [recognise(SOUND, [w], model, "en", nothing)[0][0] for w in WINDOWS]
    assert [(u.start, u.text) for u in together] == [(u.start, u.text) for u in alone]


def test_text_that_repeats_itself_is_tried_again_then_kept_with_doubt(
    scripted_model: MakeModel,
) -> None:
    path = scripted_model((0.0, "and so on " * 6, 6.0))
    model = load(ModelFile("scripted", path))
    found, doubts = recognise(SOUND, WINDOWS[:1], model, "en", nothing)
    assert found
    assert [doubt.reason for doubt in doubts] == [recognising.REPETITIVE]


def test_unsure_text_is_doubted(scripted_model: MakeModel) -> None:
    # With small embeddings the scripted token hardly wins over the other 51,863.
    path = scripted_model((0.0, "Perhaps so.", 2.0), size=0.5, context=16)
    model = load(ModelFile("scripted", path))
    found, doubts = recognise(SOUND, WINDOWS[:1], model, "en", nothing)
    assert {doubt.reason for doubt in doubts} & {recognising.IMPROBABLE, DROPPED}
    assert found == recognise(SOUND, WINDOWS[:1], model, "en", nothing)[0]


def test_no_windows_no_text(scripted_model: MakeModel) -> None:
    model = load(ModelFile("scripted", scripted_model((0.0, "Hm.", 1.0))))
    assert recognise(SOUND, (), model, "en", nothing) == ((), ())


def test_words_share_the_time_where_attention_cannot_follow(
    scripted_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import whisper.timing

    def fail(**_: object) -> None:
        raise RuntimeError("median filter")

    monkeypatch.setattr(whisper.timing, "add_word_timestamps", fail)
    model = load(ModelFile("scripted", scripted_model((0.0, "One three.", 3.0))))
    found, doubts = recognise(SOUND, WINDOWS[:1], model, "en", nothing)
    assert [(w.text, w.start, w.end) for w in found[0].words] == [
        ("One", 1.0, 2.091), ("three.", 2.091, 4.0),
    ]  # fmt: skip
    assert [doubt.reason for doubt in doubts] == [recognising.UNTIMED]


def test_an_english_model_refuses_another_language(scripted_model: MakeModel) -> None:
    model = load(ModelFile("scripted", scripted_model((0.0, "Hm.", 1.0))))
    assert find_language(SOUND, WINDOWS, model, None).code == "en"
    with pytest.raises(BadInput, match="English only"):
        find_language(SOUND, WINDOWS, model, "no")
    with pytest.raises(BadInput, match="not a language"):
        find_language(SOUND, WINDOWS, model, "klingon")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_a_file_that_is_no_checkpoint_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "large-v3.pt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a checkpoint"):
        load(ModelFile("large-v3", path))
