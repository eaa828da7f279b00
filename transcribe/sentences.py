"""Turns to sentences: spaCy's rules for each language, its only importer.

A blank spaCy language knows the abbreviations of its language and needs no model; where
a model with a sentence recogniser is installed it is used instead. A sentence never
crosses a turn. Where the recogniser writes no punctuation, long stretches are cut at
pauses, so that they can be coded at all.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from .pseudonymise import Entities, Kind
from .transcript import Sentence, Word

_SPACY: Final = {"no": "nb", "nn": "nb"}
"""Our language codes where spaCy's differ (Nynorsk shares Bokmål's abbreviations)."""
_ABBREVIATIONS: Final = {
    "en": ("Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "e.g.", "i.e.", "etc.", "vs.", "approx.", "no."),
    "nb": (
        "f.eks.", "bl.a.", "dvs.", "osv.", "ca.", "dr.", "m.m.", "o.l.", "d.v.s.", "evt.", "jf.",
        "kl.", "nr.", "pga.", "p.g.a.", "mht.", "ifm.", "ift.", "iht.", "Dr.", "t.d.", "m.a.",
    ),
    "sv": (
        "t.ex.", "bl.a.", "dvs.", "osv.", "ca.", "dr.", "m.m.", "o.s.v.", "p.g.a.", "kl.", "nr.",
    ),
    "da": ("f.eks.", "bl.a.", "dvs.", "osv.", "ca.", "dr.", "m.m.", "o.l.", "pga.", "kl.", "nr."),
}  # fmt: skip
_KINDS: Final[dict[Kind, tuple[str, ...]]] = {
    "name": ("PER", "PERSON", "PRS"),
    "place": ("LOC", "GPE", "GPE_LOC", "FAC"),
    "workplace": ("ORG", "GPE_ORG"),
}
"""What spaCy's models for our languages call them."""
LONG: Final = 30
"""Words of a sentence beyond which pauses may cut it."""
PAUSE: Final = 0.7
"""Seconds of a pause that may cut a long sentence."""
_CLOSING: Final = "\"'»”’)"


def split_sentences(words: Sequence[Word], language: str) -> tuple[Sentence, ...]:
    """Cut one turn's words into sentences; together they hold exactly these words."""
    if not words:
        return ()
    text = " ".join(word.text for word in words)
    begins = [0]
    for word in words[:-1]:
        begins.append(begins[-1] + len(word.text) + 1)
    cuts = {0, len(words)}
    for offset in _boundaries(text, language):
        cuts.add(bisect_right(begins, offset) - 1)
    return tuple(
        sentence_of(piece)
        for first, last in pairwise(sorted(cuts))
        for piece in _at_pauses(words[first:last])
    )


def sentence_of(words: Sequence[Word]) -> Sentence:
    """Make one sentence of words."""
    text = " ".join(word.text for word in words)
    return Sentence(text, words[0].start, max(word.end for word in words), tuple(words))


def _boundaries(text: str, language: str) -> Iterator[int]:
    """Offsets at which a new sentence begins, without those in front of a small letter.

    Full stops inside a sentence (abbreviations no list knows) are followed by small
    letters; so are all sentences of a recogniser that writes no capitals, whose stops
    then have to be believed.
    """
    capitals = any(character.isupper() for character in text)
    for sentence in _pipeline(language)(text).sents:
        start = sentence.start_char
        if start == 0:
            continue
        before = text[:start].rstrip().rstrip(_CLOSING)
        if capitals and text[start].islower() and before.endswith("."):
            continue
        yield start


def _at_pauses(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    while len(words) > LONG:
        gaps = [
            (after.start - before.end, -index)
            for index, (before, after) in enumerate(pairwise(words[:LONG]), start=1)
        ]
        pause, place = max(gaps)
        if pause < PAUSE:
            break
        yield words[:-place]
        words = words[-place:]
    yield words


@lru_cache(maxsize=8)
def _pipeline(language: str) -> Any:  # spaCy's Language, whose calls are untyped
    import spacy

    code = _SPACY.get(language, language)
    for name in spacy.util.get_installed_models():
        if name.startswith(f"{code}_core_"):
            model = spacy.load(name, enable=["tok2vec", "transformer", "senter"])
            if "senter" in model.pipe_names:
                return model
    blank: Any
    try:
        blank = spacy.blank(code)
    except ImportError:  # a language spaCy does not know
        blank = spacy.blank("xx")
    blank.add_pipe("sentencizer")
    for abbreviation in _ABBREVIATIONS.get(code, ()):
        blank.tokenizer.add_special_case(abbreviation, [{"ORTH": abbreviation}])
    return blank


def entities_of(language: str) -> Entities | None:
    """Give what finds names and places with an installed model; None where none knows any."""
    import spacy

    code = _SPACY.get(language, language)
    for name in spacy.util.get_installed_models():
        if name.startswith(f"{code}_core_"):
            model = spacy.load(name, enable=["tok2vec", "transformer", "ner", "entity_ruler"])
            return lambda text: [
                (found.start_char, found.end_char, kind)
                for found in model(text).ents
                if (kind := _kind_of(found.label_)) is not None
            ]
    return None


def _kind_of(label: str) -> Kind | None:
    for kind, labels in _KINDS.items():
        if label in labels:
            return kind
    return None


def splitter_name(language: str) -> str:
    """Name and version of what splits sentences, for a methods section."""
    from spacy.about import __version__

    model = _pipeline(language)
    meta = model.meta
    kind = "rules" if "sentencizer" in model.pipe_names else f"{meta['lang']}_{meta['name']}"
    return f"spaCy {__version__} ({kind})"
