"""What the recogniser is told beforehand, and what the transcript says of it afterwards."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

from transcribe.audio import decode
from transcribe.models import ModelFile
from transcribe.options import LANGUAGES, LONGEST_PROMPT, TranscribeOptions
from transcribe.pipeline import transcribe_audio
from transcribe.prompting import echoes, has_hesitations, prompt_for
from transcribe.provenance import provenance

READ = 223
"""Tokens of a prompt that Whisper reads (decoding.py: half of its context, less one)."""
NAMES = (
    "Ragnhild Øvstedal, Kjersti Bjørkelund, Tønsberg, Sykehuset Østfold, NAV, habilitering, "
    "Åsgårdstrand, Hjørdis, Torbjørn Skjæveland, kommunepsykolog, pårørendesamarbeid, Sunnaas, "
    "ergoterapispesialist, Gjøvik, Ullevål, Bærum, LHL-sykehuset, Ahus, Diakonhjemmet, "
    "Nøtterøy, brukerstyrt personlig assistanse, fastlegeordningen, Lærdal, Åsne, Sølvi, "
    "koordinerende enhet, rehabiliteringspoliklinikk, Høyanger, Bjørg, Stjørdal"
)[:LONGEST_PROMPT]


def test_nothing_is_said_beforehand_unless_asked_for() -> None:
    assert prompt_for(TranscribeOptions(), "no") == ""


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Ragnhild\nNAV\n\n  Sunnaas, \n", "Ragnhild, NAV, Sunnaas."),
        ("Ragnhild, NAV", "Ragnhild, NAV."),
        ("Hva sier Ragnhild?", "Hva sier Ragnhild?"),
        ("to  spaces\tand a tab.", "to spaces and a tab."),
        ("\n,\n", ""),
    ],
)
def test_a_list_becomes_a_sentence(written: str, told: str) -> None:
    assert prompt_for(TranscribeOptions(prompt=written), "no") == told


@pytest.mark.parametrize("language", LANGUAGES)
def test_hesitations_come_last_in_the_language_spoken(language: str) -> None:
    assert has_hesitations(language)
    told = prompt_for(TranscribeOptions(prompt="NAV", verbatim=True), language)
    alone = prompt_for(TranscribeOptions(verbatim=True), language)
    assert told == f"NAV. {alone}" and "mm" in alone
    others = {prompt_for(TranscribeOptions(verbatim=True), one) for one in LANGUAGES}
    assert len(others) == len(LANGUAGES)


def test_a_translation_and_an_unknown_language_get_no_hesitations() -> None:
    assert prompt_for(TranscribeOptions(verbatim=True, translate=True), "no") == ""
    assert not has_hesitations("fi")
    assert prompt_for(TranscribeOptions(verbatim=True), "fi") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_list_of_names_is_read_to_its_end(language: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # openai-whisper leaves its file open
        from whisper.tokenizer import get_tokenizer

        tokenizer = get_tokenizer(multilingual=True, num_languages=99, language=language)
    assert len(NAMES) == LONGEST_PROMPT
    told = prompt_for(TranscribeOptions(prompt=NAMES, verbatim=True), language)
    assert len(tokenizer.encode(f" {told}")) <= READ


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("Ragnhild, NAV, Sunnaas.", True),
        ("nav – sunnaas – HABILITERING", True),
        ("NAV, Sunnaas", False),  # two names are often said together
        ("Ragnhild, NAV, Sunnaas og jeg", False),
        ("NAV Ragnhild Sunnaas", False),
        ("agnhild, NAV, Sunnaas", False),
        ("", False),
    ],
)
def test_an_echo_repeats_words_of_the_prompt_in_their_order(text: str, echo: bool) -> None:
    options = TranscribeOptions(prompt="Ragnhild\nNAV\nSunnaas\nhabilitering")
    assert echoes(text, options, "no") is echo
    assert not echoes(text, TranscribeOptions(), "no")


def test_what_people_say_is_no_echo_of_the_hesitations() -> None:
    verbatim = TranscribeOptions(prompt="Ragnhild, NAV, Sunnaas", verbatim=True)
    for said in ("Jeg vet ikke.", "Ja, nei, det.", "Jeg, jeg vet ikke, liksom."):
        assert not echoes(said, verbatim, "no")
    assert echoes("Ragnhild, NAV, Sunnaas.", verbatim, "no")
    hesitations = prompt_for(TranscribeOptions(verbatim=True), "no")
    assert echoes(hesitations, verbatim, "no")
    assert echoes("Sunnaas. Eh, altså, mm, jeg, jeg vet ikke", verbatim, "no")
    assert not echoes(hesitations, replace(verbatim, verbatim=False), "no")


def test_an_echo_of_the_prompt_is_shown_to_the_reviewer(
    scripted_model: Callable[..., Path], spoken_wav: Path
) -> None:
    # The prompt moves this model on by seven places: past the first piece, to the second.
    echo = "one two three four"
    model = scripted_model((0.0, echo, 1.0), (0.0, echo, 2.0), (3.0, "Yes we do it.", 5.0))
    with spoken_wav.open("rb") as stream:
        sound = decode(stream).samples[: 16_000 * 10]
    options = TranscribeOptions(str(model), speakers=1, prompt=echo)
    found = transcribe_audio(sound, options, lambda *_: None)
    assert {doubt.text for doubt in found.doubts if "invent" in doubt.reason} == {echo}
    kept = replace(options, drop_phrases=False)
    found = transcribe_audio(sound, kept, lambda *_: None)
    assert not [doubt for doubt in found.doubts if "invent" in doubt.reason]
    texts = [sentence.text for turn in found.turns for sentence in turn.sentences]
    assert any(echo in text for text in texts)


@pytest.fixture
def file(tmp_path: Path) -> ModelFile:
    path = tmp_path / "base.pt"
    path.write_bytes(b"weights")
    return ModelFile("base", path)


def facts(file: ModelFile, options: TranscribeOptions, language: str = "no") -> dict[str, str]:
    found = provenance(
        options, recogniser="openai-whisper 1", file=file, weights=file.sha256(),
        language=language,
        found_by="given", speech="Silero VAD 6", speakers="built-in; 6 speakers", sentences="rules",
        notices=["One channel is silent"],
    )  # fmt: skip
    assert len(found) == len(dict(found))
    return dict(found)


def test_every_choice_is_told(file: ModelFile) -> None:
    told = facts(file, TranscribeOptions("base", "no"))
    assert told["Program"] == f"Fokus {version('fokus-workbench')}"
    real = sha256(b"weights").hexdigest()[:12]
    assert told["Recognition"].startswith(f"openai-whisper 1, model base (sha256 {real}), greedy")
    demo = facts(replace(file, demo=True), TranscribeOptions("demo", "no"))
    assert f"1, demo model (sha256 {real}), greedy" in demo["Recognition"]
    assert told["Language"] == "Norwegian (Bokmål) [no], given"
    assert told["Text"] == "in the language spoken, not translated"
    assert told["Style"].startswith("clean")
    assert told["Expected words"] == "none given"
    assert "dropped" in told["Inventions"]
    assert told["Speakers"] == "built-in; 6 speakers, number estimated"
    assert (told["Speech detection"], told["Sentences"]) == ("Silero VAD 6", "rules")
    assert told["Sound"] == "One channel is silent"


def test_the_words_are_counted_and_not_repeated(file: ModelFile) -> None:
    told = facts(file, TranscribeOptions(prompt="Ragnhild Øvstedal\nNAV"))
    assert "3 words" in told["Expected words"]
    assert "Ragnhild" not in str(told) and "NAV" not in str(told)
    assert "1 word " in facts(file, TranscribeOptions(prompt="NAV"))["Expected words"]


def test_the_style_says_what_was_asked_for_and_what_came_of_it(file: ModelFile) -> None:
    verbatim = TranscribeOptions(verbatim=True)
    assert facts(file, verbatim)["Style"].startswith("verbatim: the recogniser was prompted")
    assert "not all are written" in facts(file, verbatim)["Style"]
    assert "«fi» the text is as the model writes" in facts(file, verbatim, "fi")["Style"]
    both = facts(file, TranscribeOptions(verbatim=True, translate=True))
    assert "cannot be" in both["Style"] and "translated into English" in both["Text"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (TranscribeOptions(speakers=6), "number given (6)"),
        (TranscribeOptions(min_speakers=4), "number estimated, at least 4"),
        (TranscribeOptions(min_speakers=4, max_speakers=8),
         "number estimated, at least 4, at most 8"),
    ],
)  # fmt: skip
def test_how_the_number_of_speakers_is_known(
    file: ModelFile, options: TranscribeOptions, told: str
) -> None:
    assert facts(file, options)["Speakers"].endswith(told)


def test_keeping_inventions_is_told(file: ModelFile) -> None:
    assert "not looked for" in facts(file, TranscribeOptions(drop_phrases=False))["Inventions"]
