"""A nudge when a theme's name reads like a topic.

The most common fault in published thematic analyses is a topic («Barriers to …»)
called a theme. A name that tells the pattern's meaning is a matter of judgement, so
this only ever asks; nothing is refused.
"""

import re
from typing import Final

_TOPICS: Final = (
    "advantages|attitudes?|aspects|barriers|benefits|challenges|concerns|demographics|"
    "disadvantages|drawbacks|effects|enablers|experiences?|expectations|facilitators|factors|"
    "feedback|feelings|impacts?|issues|limitations|needs|obstacles|opinions|perceptions|"
    "perspectives|positives|negatives|problems|pros|reasons|roles?|strengths|suggestions|"
    "thoughts|types|uses?|views|weaknesses|"
    "barrierer|behov|bekymringer|erfaringer|faktorer|fordeler|forventninger|hindringer|"
    "holdninger|muligheter|opplevelser|problemer|synspunkter|ulemper|utfordringer"
)
_LINKS: Final = (
    "about|against|among|and|around|for|from|in|of|on|to|towards?|with|"
    "av|fra|i|mot|med|og|om|på|til|ved"
)
_TOPIC: Final = re.compile(rf"(?:\w+ )?(?:{_TOPICS})(?: (?:{_LINKS})\b.*)?", re.IGNORECASE)


def nudge(name: str) -> str | None:
    """Ask what a topic-like theme name is about; None for a name that tells something."""
    plain = " ".join(re.findall(r"[\w'’-]+", name))
    if not plain:
        return None
    if " " not in plain:
        ask = "One word names a topic."
    elif _TOPIC.fullmatch(plain):
        ask = "This name reads like a topic."
    else:
        return None
    return f"{ask} What do the participants tell about it? A name can say what holds it together."
