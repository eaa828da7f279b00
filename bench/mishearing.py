"""How a recogniser may write a name that it does not know: by sounds, never by counting letters.

The rules are about sounds that Norwegian and English spell in several ways. The detector
knows none of them: it counts letters. Used by ``bench.pseudonyms``.
"""

import random

SOUNDS = (
    ("skj", "sj"), ("kj", "sj"), ("sj", "skj"), ("hv", "v"), ("gj", "j"), ("hj", "j"), ("hå", "å"),
    ("nd", "nn"), ("ld", "ll"), ("rd", "r"), ("rs", "sj"), ("rn", "n"), ("rl", "l"), ("ei", "ai"),
    ("øy", "øi"), ("au", "æu"), ("th", "t"), ("ch", "k"), ("ph", "f"), ("ck", "k"), ("c", "k"),
    ("z", "s"), ("w", "v"), ("x", "ks"), ("q", "k"), ("y", "i"), ("i", "y"), ("o", "å"), ("å", "o"),
    ("e", "æ"), ("æ", "e"), ("u", "o"), ("ø", "e"), ("b", "p"), ("d", "t"), ("g", "k"), ("p", "b"),
    ("t", "d"), ("k", "g"), ("m", "n"), ("n", "m"), ("v", "f"), ("f", "v"), ("s", "z"),
    ("ee", "i"), ("ie", "ee"), ("ea", "ee"), ("ey", "i"), ("ough", "uff"), ("igh", "i"),
)  # fmt: skip
ENDINGS = (
    ("sen", "son"), ("son", "sen"), ("en", "an"), ("er", "ar"), ("a", "e"), ("e", "a"), ("e", ""),
    ("heim", "em"), ("mann", "man"), ("stad", "sta"), ("vik", "vig"), ("berg", "bærg"),
    ("land", "lann"), ("gaard", "gård"), ("ley", "ly"), ("ton", "tun"), ("ford", "fort"),
)  # fmt: skip


def misheard(word: str, chance: random.Random) -> str:
    """Write one word as it may sound to somebody else; another word, or the same if none is."""
    small = word.lower()
    heard = small
    for _ in range(1 + (chance.random() < 0.15)):
        ways = [
            (place, sound, other)
            for sound, other in SOUNDS
            for place in range(len(heard))
            if heard.startswith(sound, place)
        ] + [
            (len(heard) - len(ending), ending, other)
            for ending, other in ENDINGS
            if heard.endswith(ending) and len(heard) > len(ending) + 1
        ]
        if chance.random() < 0.15:
            ways = [
                (place, heard[place : place + 1], heard[place : place + 1] * 2)
                for place in range(1, len(heard) - 1)
            ] + [
                (place, heard[place : place + 2], heard[place])
                for place in range(1, len(heard) - 1)
                if heard[place] == heard[place + 1]
            ]
        if not ways:
            break
        place, sound, other = chance.choice(ways)
        heard = heard[:place] + other + heard[place + len(sound) :]
    if len(heard) >= 8 and chance.random() < 0.08:
        cut = chance.randint(3, len(heard) - 3)
        heard = f"{heard[:cut]} {heard[cut:]}"
    return heard.capitalize() if word[0].isupper() else heard
