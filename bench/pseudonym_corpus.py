"""A made corpus of focus groups in Norwegian and English, with planted identifiers.

Every planted entity is known with all its mentions. Names are put together from parts, so
that which of them stand in which list is chosen here. Used by ``bench.pseudonyms``.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.mishearing import misheard

HERE = Path(__file__).parent
ENGLISH = (HERE.parent / "demo" / "train" / "sentences.txt").read_text("utf-8").splitlines()
NORWEGIAN = (HERE / "pseudonym_filler_no.txt").read_text("utf-8").splitlines()
RARE_FIRST = (
    "Torvalda", "Ingebrigta", "Halldis", "Eilert", "Gudmar", "Sigvarda", "Olaug", "Asbjørga",
    "Tjostolv", "Gunnlaug", "Hallgrim", "Ragndi", "Aslaug", "Steinulv", "Bergljota", "Orvar",
    "Cressida", "Peregrine", "Ottoline", "Lysander", "Thessaly", "Evander", "Zinnia", "Barnaby",
    "Isolde", "Leofric", "Wilhelmine", "Solvorn", "Ingfrid", "Jorulf", "Magnhild", "Eyvor",
)  # fmt: skip
FIRST_OF_SURNAME = (
    "Tverr", "Ulv", "Gjer", "Skei", "Røys", "Hjelt", "Kvam", "Smedv", "Brått", "Snart", "Tang",
    "Vassb", "Grøn", "Myrst", "Kjelst", "Ørn", "Stavl", "Blakst", "Hegg", "Furub", "Fair", "Ash",
    "Thorn", "Wether", "Hazel", "Black", "Cot", "Lang", "Mere", "Stan",
)  # fmt: skip
LAST_OF_SURNAME = (
    "bakken", "eland", "erud", "haugen", "nesset", "stølen", "angen", "eteig", "ådalen", "våg",
    "ingstad", "etveit", "weather", "combe", "worth", "bury", "thwaite", "cliffe", "bourne",
)  # fmt: skip
KNOWN_FIRST = (
    "Kari", "Ola", "Ingrid", "Lars", "Marit", "Håkon", "Solveig", "Øystein", "Anne-Lise", "Jorunn",
    "Geir", "Tore", "Synnøve", "Trygve", "Åse", "Ragnhild", "Sarah", "Emily", "Gareth", "Fiona",
    "Hannah", "Callum", "Priya", "Mohammed", "Agnieszka", "Łukasz", "Nils", "Turid", "Bjarne",
    "Unni", "Vigdis", "Arvid", "Kjersti", "Sigrun", "Eirik", "Torhild", "Ida", "Jan", "Per", "Dag",
)  # fmt: skip
KNOWN_LAST = (
    "Nordmann", "Hansen", "Sørensen", "Bakkejord", "Lunde", "Berntsen", "Thorvaldsen", "Kvalheim",
    "Rønning", "Haakonsen", "Eriksrud", "Myklebust", "Whitaker", "Ashworth", "Llewellyn", "Hughes",
    "Okonkwo", "Wałęsa", "Tveit", "Skarpnes", "Bjørnstad", "Moen", "Dahle", "Grimstad", "Brekke",
)  # fmt: skip
PLACES = (
    "Fyllingsdalen", "Kvernaland", "Skarnes", "Lommedalen", "Bjerkvik", "Vanvikan", "Halsnøy",
    "Byrkjelo", "Tingvatn", "Ashbourne", "Wetherby", "Knaresborough", "Llanberis", "Sjoa",
)  # fmt: skip
WORKPLACES = (
    "Solbakken omsorgssenter", "Kvernhuset sykehjem", "Nordlys legesenter", "Lundegården",
    "Haukeland sykehus", "Fjordklinikken", "Ashfield hospice", "Larkrise surgery",
    "Myrvang bofellesskap", "Tjørnhagen", "Oakdene clinic", "Ullevål sykehus",
)  # fmt: skip
ABOUT_NAMES = {
    "no": (
        "Det var {} som sa det først.", "Jeg snakket med {} i går.", "Så ringte {} til meg igjen.",
        "Vi var sammen med {} hele uka.", "Da kom {} og hjalp oss.", "{} sa at det gikk bra.",
        "Jeg tror {} vet mer om det.", "Hva tenker du, {}?", "Men {} ville ikke bruke den.",
        "Det er {} sin pasient, tror jeg.", "Kollegaen min heter {} og er sykepleier.",
        "Ja, som {} sa i sted, det tar tid.", "Etterpå måtte {} dra hjem.",
    ),
    "en": (
        "It was {} who said that first.", "I spoke to {} about it yesterday.",
        "Then {} called me back.", "We did that together with {} last week.",
        "{} told us it would be fine.", "I think {} knows more about that.",
        "What do you think, {}?", "But {} did not want to use it.",
        "My colleague is called {} and she is a nurse.", "As {} said before, it takes time.",
        "After that {} had to go home.",
    ),
}  # fmt: skip
ABOUT_PLACES = {
    "no": (
        "Jeg jobber på {} nå.",
        "Vi bor i {} begge to.",
        "Hun kommer fra {} opprinnelig.",
        "På {} gjør de det annerledes.",
        "Det er langt fra {} til sykehuset.",
        "Jeg har vært ved {} i mange år.",
    ),
    "en": (
        "I work at {} now.",
        "We both live in {} these days.",
        "She comes from {} originally.",
        "They do it another way at {} I think.",
        "It is a long way from {} to the ward.",
    ),
}
ABOUT_NUMBERS = {
    "no": ("Nummeret var {} i journalen.", "Det sto {} på skjemaet.", "Jeg skrev {} i meldingen."),
    "en": ("The number was {} in the notes.", "It said {} on the form.", "I wrote {} down."),
}


@dataclass(slots=True)
class Entity:
    """Something planted: of which class, and where all its mentions stand."""

    label: str
    mentions: list[tuple[int, int, int, str]] = field(default_factory=list)
    """Sentence, start, end (code points), and how it was written."""


@dataclass(frozen=True, slots=True)
class Made:
    """One made transcript."""

    sentences: list[str]
    names: list[str]
    """Registered, with their other names."""
    terms: list[str]
    """Registered places and workplaces."""
    entities: list[Entity]


def made(seed: int, sentences: int, each: int) -> Made:
    """Make a transcript with ``each`` registered and as many unlisted names, and the rest."""
    chance = random.Random(seed)
    language = "no" if seed % 3 else "en"
    names = chance.sample([f"{a} {b}" for a in KNOWN_FIRST for b in KNOWN_LAST], each)
    aliases = [_alias(name, chance) for name in names[::4]]
    rare = chance.sample(
        [f"{a} {b}{c}" for a in RARE_FIRST for b in FIRST_OF_SURNAME for c in LAST_OF_SURNAME], each
    )
    terms = chance.sample(PLACES, 4) + chance.sample(WORKPLACES, 4)
    planted: list[tuple[Entity, list[tuple[str, str, str]]]] = []
    for label, whole, about, plain in (
        ("registered name", [*names, *aliases], ABOUT_NAMES, False),
        ("name in no list", [*rare, *_single(rare, chance)], ABOUT_NAMES, False),
        ("registered place or workplace", terms, ABOUT_PLACES, False),
        ("number with check digits", _numbers(chance, each), ABOUT_NUMBERS, True),
        ("other pattern", _patterns(chance, each, language), ABOUT_NUMBERS, True),
    ):
        for one in whole:
            count = 1 if plain else chance.choice((1, 2, 2, 3, 4))
            ways = [
                (one, "", "as it is") if plain else _written(one, label, language, chance)
                for _ in range(count)
            ]
            texts = [(chance.choice(about[language]), *way) for way in ways]
            planted.append((Entity(label), [(a, b + "\0" + c, d) for a, b, c, d in texts]))
    return _laid_out(planted, names + aliases, terms, sentences, language, chance)


def _laid_out(
    planted: list[tuple[Entity, list[tuple[str, str, str]]]], names: list[str], terms: list[str],
    count: int, language: str, chance: random.Random,
) -> Made:  # fmt: skip
    filler = NORWEGIAN if language == "no" else ENGLISH
    mentions = [(entity, *way) for entity, ways in planted for way in ways]
    rows: list[tuple[Entity, str, str, str] | str] = [*mentions]
    rows += [chance.choice(filler) for _ in range(count - len(mentions))]
    chance.shuffle(rows)
    sentences = []
    for number, row in enumerate(rows):
        if isinstance(row, str):
            sentences.append(row)
            continue
        entity, frame, way, how = row
        base, _, more = way.partition("\0")
        start = frame.index("{}")
        sentences.append(frame.replace("{}", base + more))
        entity.mentions.append((number, start, start + len(base), how))
    return Made(sentences, names, terms, [entity for entity, _ in planted])


def _alias(name: str, chance: random.Random) -> str:
    first = name.split()[0]
    return chance.choice((first[:4] + "ken", first[:3] + "emor", "Tante " + first))


def _single(names: Sequence[str], chance: random.Random) -> list[str]:
    """As many more, first names alone or surnames alone, as aliases are of the registered."""
    return [f"{chance.choice(FIRST_OF_SURNAME)}{chance.choice(LAST_OF_SURNAME)}"
            for _ in names[::4]]  # fmt: skip


def _written(name: str, label: str, language: str, chance: random.Random) -> tuple[str, str, str]:
    """Write a name as people do: the stretch that must be found, what follows, and how."""
    words = name.split()
    person = "name" in label
    if words[0] == "Tante":
        words = words[chance.random() < 0.5 :]
    elif person and len(words) > 1 and (part := chance.random()) < 0.6:
        words = words[:1] if part < 0.4 else words[-1:]
    how, lower = "as it is", chance.random() < 0.25
    if chance.random() < 0.2 and label != "registered place or workplace":
        which = chance.randrange(len(words))
        other = misheard(words[which], chance)
        if other != words[which]:
            words[which], how = other, "misheard"
    text = " ".join(words)
    if lower:
        text, how = text.lower(), f"{how}, small"
    more = ""
    if (ending := chance.random()) < 0.15:
        silent = language == "no" and text[-1] in "sxz"
        more = "’" if silent else "s" if language == "no" else "'s"
        how = f"{how}, genitive"
    elif ending < 0.22 and language == "no":
        more, how = "-" + chance.choice(("saken", "gjengen", "modellen")), f"{how}, compound"
    return text, more, how


def _check(digits: str, weights: Sequence[int]) -> int:
    rest = sum(int(a) * b for a, b in zip(digits, weights, strict=True)) % 11
    return (11 - rest) % 11


def _identity(chance: random.Random) -> str:
    while True:
        day, month = chance.randint(1, 28), chance.randint(1, 12)
        day += chance.choice((0, 0, 0, 40))
        digits = f"{day:02}{month:02}{chance.randint(0, 99):02}{chance.randint(0, 999):03}"
        first = _check(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2))
        if first < 10:
            second = _check(f"{digits}{first}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
            if second < 10:
                digits = f"{digits}{first}{second}"
                return chance.choice((digits, f"{digits[:6]} {digits[6:]}"))


def _modulo(chance: random.Random, start: str, length: int, weights: Sequence[int]) -> str:
    while True:
        digits = start + "".join(str(chance.randint(0, 9)) for _ in range(length - len(start)))
        last = _check(digits, weights)
        if last < 10:
            return f"{digits}{last}"


def _card(chance: random.Random) -> str:
    digits = "4" + "".join(str(chance.randint(0, 9)) for _ in range(14))
    total = sum(
        (int(a) * 2 - 9 if int(a) > 4 else int(a) * 2) if place % 2 == 0 else int(a)
        for place, a in enumerate(reversed(digits))
    )
    digits += str(-total % 10)
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def _numbers(chance: random.Random, count: int) -> list[str]:
    kinds: tuple[Callable[[], str], ...] = (
        lambda: _identity(chance),
        lambda: _identity(chance),
        lambda: _modulo(chance, chance.choice("89"), 8, (3, 2, 7, 6, 5, 4, 3, 2)),
        lambda: _modulo(chance, "1", 10, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)),
        lambda: _modulo(chance, "4", 9, tuple(range(10, 1, -1))),
        lambda: _card(chance),
    )
    return [kinds[number % len(kinds)]() for number in range(count)]


def _patterns(chance: random.Random, count: int, language: str) -> list[str]:
    day, year = chance.randint(1, 28), chance.randint(1930, 2005)
    eight = "".join(str(chance.randint(1, 9)) for _ in range(7))
    kinds = [
        f"4{eight[:2]} {eight[2:4]} {eight[4:]}",
        f"9{eight[:1]} {eight[1:3]} {eight[3:5]} {eight[5:]}",
        f"+47 9{eight}", f"post{day}@eksempel.no", f"{day}.03.{year}", f"www.eksempel{day}.no/om",
        f"AB {eight[:5]}", "94 år" if language == "no" else "94 years",
        f"{day}. mars {year}" if language == "no" else f"{day} March {year}",
        f"0{eight[:3]} Fjellby" if language == "no" else "LS22 6AB",
        "93-åringen" if language == "no" else "aged 91", f"2011-03-{day:02}",
    ]  # fmt: skip
    return [kinds[number % len(kinds)] for number in range(count)]
