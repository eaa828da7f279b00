"""What made a transcript, in words a methods section can use: pairs of what and how.

The expected words are counted and not repeated: a provenance is shown with the
transcript and goes out with every copy, and such a list often names people.
"""

from collections.abc import Iterable
from importlib.metadata import version

from .languages import NAMES
from .models import ModelFile
from .options import TranscribeOptions
from .prompting import has_hesitations

Facts = tuple[tuple[str, str], ...]


def provenance(  # noqa: PLR0913 (each is a fact of its own)
    options: TranscribeOptions,
    *,
    recogniser: str | None,
    file: ModelFile,
    weights: str,
    language: str,
    found_by: str,
    speech: str,
    speakers: str,
    sentences: str,
    notices: Iterable[str] = (),
) -> Facts:
    """Tell every choice that shaped a transcript.

    ``weights`` is the sha256 of what was loaded from ``file``. ``recogniser`` (None where
    nobody speaks), ``speech``, ``speakers`` and ``sentences`` name what did each step;
    ``found_by`` is how the language is known, ``notices`` what is odd about the sound.
    """
    model = "demo model" if file.demo else f"model {file.name}"
    what = f"{model} (sha256 {weights[:12]})"
    return (
        ("Program", f"Fokus {version('fokus-workbench')}"),
        ("Recognition", _recognition(recogniser, what)),
        ("Language", f"{NAMES.get(language, 'undetermined')} [{language}], {found_by}"),
        ("Text", _text(options)),
        ("Style", _style(options, language)),
        ("Expected words", _expected(options.prompt)),
        ("Inventions", _inventions(options)),
        ("Speech detection", speech),
        ("Speakers", f"{speakers}, number {_number(options)}"),
        ("Sentences", sentences),
        *(("Sound", notice) for notice in notices),
    )  # fmt: skip


def _recognition(recogniser: str | None, what: str) -> str:
    if recogniser is None:
        return f"not needed: no speech; {what} was chosen"
    return (
        f"{recogniser}, {what}, greedy with retries at rising temperature, no conditioning on "
        "previous text"
    )


def _text(options: TranscribeOptions) -> str:
    if options.translate:
        return "translated into English by the recogniser; not the words that were spoken"
    return "in the language spoken, not translated"


def _style(options: TranscribeOptions, language: str) -> str:
    if not options.verbatim:
        return (
            "clean: as the model writes, which leaves out most hesitations and false starts and "
            "may tidy the wording"
        )
    if options.translate:
        return "verbatim was asked for, which a translation cannot be"
    if not has_hesitations(language):
        return f"verbatim was asked for; for «{language}» the text is as the model writes"
    return (
        "verbatim: the recogniser was prompted with hesitations, so that it writes more of them; "
        "not all are written"
    )


def _expected(prompt: str) -> str:
    if not prompt:
        return "none given"
    count = len(prompt.split())
    words = "1 word" if count == 1 else f"{count} words"
    return f"an initial prompt of {words} before every window (not repeated here)"


def _inventions(options: TranscribeOptions) -> str:
    if options.drop_phrases:
        return (
            "known subtitle credits and echoes of the prompt are dropped where hardly anybody "
            "speaks, and listed"
        )
    return "known subtitle credits are not looked for"


def _number(options: TranscribeOptions) -> str:
    if options.speakers:
        return f"given ({options.speakers})"
    bounds = (("at least", options.min_speakers), ("at most", options.max_speakers))
    wished = [f"{name} {value}" for name, value in bounds if value is not None]
    return ", ".join(["estimated", *wished])
