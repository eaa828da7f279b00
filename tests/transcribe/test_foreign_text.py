"""A stranger's transcript becomes sentences, in a process of its own."""

import pytest

from secure_storage import BadInput
from transcribe import Transcription, read_vtt


def texts(read: Transcription) -> list[tuple[str, list[str]]]:
    return [(turn.speaker, [one.text for one in turn.sentences]) for turn in read.turns]


def cues(*lines: str) -> bytes:
    body = "".join(
        f"00:00:{2 * n:02}.000 --> 00:00:{2 * n + 2:02}.000\n{line}\n\n"
        for n, line in enumerate(lines)
    )
    return f"WEBVTT\n\n{body}".encode()


def test_a_cue_of_two_sentences_is_two_to_code() -> None:
    read = read_vtt(cues("<v P7>Yes, I know that frame. She does tell me."))
    assert texts(read) == [("P7", ["Yes, I know that frame.", "She does tell me."])]
    first, second = read.turns[0].sentences
    assert first.start == 0.0
    assert second.start is not None
    assert 0.5 < second.start < 2.0
    assert second.end == 2.0


def test_a_sentence_over_two_cues_is_one() -> None:
    read = read_vtt(cues("<v Ann>We said that", "<v Ann>it would help. But no.", "<v Bo>Mm."))
    assert texts(read) == [("Ann", ["We said that it would help.", "But no."]), ("Bo", ["Mm."])]


def test_without_any_full_stop_each_cue_stands_alone() -> None:
    read = read_vtt(cues("<v Ann>we said that", "<v Ann>it would help"))
    assert texts(read) == [("Ann", ["we said that", "it would help"])]


def test_norwegian_abbreviations_do_not_cut() -> None:
    read = read_vtt(cues("<v Kari>Vi brukte f.eks. nettbrett. Det gikk fint."), "no")
    assert texts(read) == [("Kari", ["Vi brukte f.eks. nettbrett.", "Det gikk fint."])]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"RIFF....", "WEBVTT"), (b"WEBVTT\n\n\xff\xfe", "UTF-8"), (b"WEBVTT\n\n", "no text")],
)
def test_what_is_wrong_is_said(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_vtt(data)
