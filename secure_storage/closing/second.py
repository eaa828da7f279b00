"""The second person, without whom nothing leaves a study whose rules always ask for two."""

from ..errors import NotAllowed
from ..ledger.store import rules
from ..study import Study


def needs_second(study: Study) -> bool:
    """Tell whether the study's rules always ask for two people."""
    study.require("read")
    return rules(study.db).two_person


def agreed(study: Study, second: Study | None) -> None:
    """Refuse unless the second person that the rules ask for is there and may agree."""
    if second is None:
        if needs_second(study):
            raise NotAllowed(
                "This study always asks for two people before something leaves it, and so for "
                "closing it. Another lead or coder has to sign in too. Nothing was done."
            )
        return
    second.require("approve")
    if second.home != study.home or second.member.id == study.member.id:
        raise NotAllowed("The second person has to be another member of this study.")
