"""The certificate of an erasure: what was erased, who stands for it, and what is left where."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Searched:
    """One place that was searched byte by byte."""

    where: str
    size: int
    """Bytes that were read."""
    found: int
    """How many of the texts and keys were found; should be 0."""


@dataclass(frozen=True, slots=True)
class BackupLeft:
    """A backup from before the erasure, which still holds what was erased."""

    name: str
    made_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """All of it, without a word of the participant's."""

    study: str
    erasure: int
    participant: str
    group: int
    mode: str
    asked_by: str
    asked_at: str
    confirmed_by: str
    confirmed_at: str
    erased_at: str
    counts: tuple[tuple[str, int], ...]
    texts: int
    """Texts of theirs that were searched for; short ones and what others said too left out."""
    keys: int
    searched: tuple[Searched, ...]
    exports_left: tuple[str, ...]
    backups: tuple[BackupLeft, ...]
    certified_at: str

    @property
    def clean(self) -> bool:
        """Nothing of theirs was found anywhere."""
        return not any(one.found for one in self.searched)

    @property
    def last_expires(self) -> str:
        """The day the last backup that holds it expires, empty when there is none."""
        return max((one.expires_at[:10] for one in self.backups), default="")


def to_json(certificate: Certificate) -> str:
    """Give the certificate as the database keeps it."""
    return json.dumps(asdict(certificate), ensure_ascii=False)


def from_json(text: str) -> Certificate:
    """Read what ``to_json`` gave."""
    values: dict[str, Any] = json.loads(text)
    values["counts"] = tuple((what, count) for what, count in values["counts"])
    values["searched"] = tuple(Searched(**one) for one in values["searched"])
    values["exports_left"] = tuple(values["exports_left"])
    values["backups"] = tuple(BackupLeft(**one) for one in values["backups"])
    return Certificate(**values)


def certificate_text(certificate: Certificate) -> str:
    """Give the certificate as it is printed."""
    one = certificate
    lines = [
        "CERTIFICATE OF ERASURE",
        "",
        f"Study: {one.study}",
        f"Erasure: {one.erasure}, of the participant now called «{one.participant}», "
        f"group {one.group}",
        f"Way: {WAYS[one.mode]}",
        f"Asked for by {one.asked_by} on {_moment(one.asked_at)}",
        f"Confirmed by {one.confirmed_by} on {_moment(one.confirmed_at)}",
        f"Erased on {_moment(one.erased_at)}, certified on {_moment(one.certified_at)}",
        "",
        "What was found to be theirs, and dealt with in this way",
        *(f"  {count:>7,}  {what}" for what, count in one.counts),
        "",
        f"Byte search: {one.texts:,} texts and {one.keys:,} keys were looked for in",
        *(
            f"  {_found(place):<10} {place.size:>15,} bytes  {place.where}"
            for place in one.searched
        ),
        "  Nothing was found. (Sound cannot be searched for words: theirs was silenced, and",
        "  the files that held it were destroyed.)",
        "",
        *_left("Exports that had left the study and cannot be called back", one.exports_left),
        *_left(
            "Backups from before the erasure, which still hold it",
            tuple(
                f"{left.name}, made {left.made_at[:10]}, expires {left.expires_at[:10]}"
                for left in one.backups
            ),
        ),
        f"The last of them expires on {one.last_expires}." if one.backups
        else "No backup holds what was erased.",
        "",
        "Who the participant is stands only in the linking store, which the custodian keeps.",
    ]  # fmt: skip
    return "\n".join(lines)


WAYS = {
    "redact": "redacted (sentences and codings stay as rows, without their words)",
    "remove": "removed (sentences and the codings on them are gone)",
}


def _found(place: Searched) -> str:
    return f"{place.found} found"


def _left(title: str, lines: tuple[str, ...]) -> list[str]:
    return [title, *(f"  {line}" for line in lines or ("none",)), ""]


def _moment(at: str) -> str:
    return at.replace("T", " ")[:16] + " UTC"
