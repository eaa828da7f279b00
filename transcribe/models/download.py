"""Fetching published files on a machine with internet, only when a command says so.

Over https, from the hosts named here and nowhere they do not lead to themselves; what was
interrupted goes on where it stopped; nothing is believed before its sha256 fits. A proxy
named in ``https_proxy`` is used.
"""

import http.client
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from secure_storage import BadInput, FokusError

from .bundle import Progress
from .manifest import sha256_of
from .official import Published
from .placing import need_room

_SLICE: Final = 1 << 18
_PATIENCE: Final = 60.0
"""Seconds without a byte before a connection is given up."""
_MOST: Final = 8 << 30
_MOST_UNKNOWN: Final = 4 << 20
"""Bytes of a file that may come without a known sum: settings and lists, never weights."""


class NotThere(FokusError):
    """The host knows no file at this address."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Whom to fetch from, and how."""

    names: tuple[str, ...]
    """Hosts; one that begins with a dot stands for all below it."""
    scheme: str = "https"

    def allows(self, url: str) -> bool:
        """Tell whether an address is at one of the hosts."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return parts.scheme == self.scheme and any(
            host == name or (name.startswith(".") and host.endswith(name)) for name in self.names
        )


KNOWN: Final = Hosts(("openaipublic.azureedge.net", "huggingface.co", ".huggingface.co", ".hf.co"))
"""OpenAI's and Hugging Face's, with the hosts the latter keeps large files on."""


def fetch(file: Published, folder: Path, progress: Progress, hosts: Hosts = KNOWN) -> Path:
    """Fetch a file into a folder, or finish what was begun; gives its path.

    The sum expected is the published one, or where there is none the one the host states.
    Raises ``BadInput`` for a file that is not what it should be, ``FokusError`` when the
    network fails; then a later call goes on where this one stopped.
    """
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    if target.exists() and not part.exists():
        target.replace(part)  # finished, if its sum still fits
    try:
        expected = _receive(file, part, progress, hosts)
    except urllib.error.HTTPError as error:
        error.close()
        kind = NotThere if error.code == http.client.NOT_FOUND else FokusError
        raise kind(
            f"{file.url} answers with error {error.code}: the file is not there (any more), or "
            "not for everybody."
        ) from None
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError,
            urllib.error.URLError):  # fmt: skip
        raise FokusError(
            f"The connection to {urlsplit(file.url).hostname} failed. Is this machine connected? "
            "Run the command again: it goes on where it stopped."
        ) from None
    if expected and sha256_of(part) != expected:
        part.unlink()
        raise BadInput(
            f"What came from {urlsplit(file.url).hostname} as {file.name} is not the published "
            "file (its sha256 is another), and was thrown away. Try again; if it comes again, "
            "something on the way replaces it."
        )
    part.replace(target)
    return target


def _receive(file: Published, part: Path, progress: Progress, hosts: Hosts) -> str:
    """Bring a file in, or the rest of it; gives the sum it should have, if any is known."""
    have = part.stat().st_size if part.exists() else 0
    if have and sha256_of(part) == file.sha256:
        return file.sha256
    guide = _Guide(hosts)
    answer = _ask(file, have, guide)
    if answer is None:  # it is whole; or another, which is no shorter
        if guide.stated and sha256_of(part) == guide.stated:
            return guide.stated
        part.unlink()
        return _receive(file, part, progress, hosts)
    with answer:
        expected = file.sha256 or guide.stated
        if answer.status != http.client.PARTIAL_CONTENT:
            have = 0
        elif not expected:
            part.unlink()  # a beginning that nothing vouches for
            return _receive(file, part, progress, hosts)
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else 0
        need_room(part.parent, max(total - have, 0))
        with part.open("r+b" if have else "wb") as out:
            out.truncate(have)
            out.seek(have)
            while block := answer.read(_SLICE):
                have += out.write(block)
                progress(file.name, have, total)
                if have > (_MOST if expected else _MOST_UNKNOWN):
                    raise BadInput(f"{file.name} is larger than it can be, so it was not fetched.")
    if have < total:
        raise ConnectionError
    return expected


def _ask(file: Published, have: int, guide: "_Guide") -> http.client.HTTPResponse | None:
    """Ask for a file from its byte ``have`` on; None where it has no such byte."""
    guide.check(file.url)
    request = urllib.request.Request(file.url, headers={"User-Agent": "fokus"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer: http.client.HTTPResponse = urllib.request.build_opener(guide).open(
            request, timeout=_PATIENCE
        )
    except urllib.error.HTTPError as error:
        if not have or error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        return None
    return answer


class _Guide(urllib.request.HTTPRedirectHandler):
    """Follows a host to its own hosts only, and hears which sum it states for the file."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self.stated = ""
        """The sha256 in ``X-Linked-Etag``, as Hugging Face gives it for large files."""

    def check(self, url: str) -> None:
        """Raise ``BadInput`` for an address that is not at one of the hosts."""
        if not self._hosts.allows(url):
            raise BadInput(
                f"The way leads to {urlsplit(url).hostname}, from which Fokus does not fetch. "
                "Networks that want a sign-in first do this too."
            )

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
        headers: http.client.HTTPMessage, newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        """Follow one step, as ``urllib`` asks."""
        self.check(newurl)
        stated = str(headers.get("X-Linked-Etag") or "").strip('"').lower()
        if len(stated) == 64:
            self.stated = stated
        return super().redirect_request(req, fp, code, msg, headers, newurl)
