"""Asking for an export, and what a second person does about it.

The file is sealed into the study the moment it is asked for, so what is approved is,
byte for byte, what was asked for and what leaves.
"""

import os
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from ..container import SealedReader
from ..errors import BadInput, DiskFull, NotAllowed
from ..members import Member
from ..names import check
from ..study import Study
from . import store
from .decision import Verdict, voice
from .entries import Request, State
from .release import RECEIPT, release, still_waiting, told_if_decided, verdict_on

KIND: Final = "export"
"""Of stored files that were asked for as exports."""
LONGEST: Final = 500
"""Characters of a purpose, a recipient, a reason."""


def request_export(
    study: Study, *, data: bytes | Iterable[bytes], form: str, file_name: str, purpose: str,
    recipient: str, texts: Iterable[str] = (),
) -> Request:  # fmt: skip
    """Ask for a file to be released; it leaves at once where nobody else has to agree.

    ``texts`` is all the file says, to be searched for names.
    """
    study.require("export")
    name, purpose, recipient = plain_name(file_name), _told(purpose), _told(recipient)
    names = check(study, texts)
    writer = study.files.writer(KIND)
    try:
        for piece in [data] if isinstance(data, bytes) else data:
            writer.write(piece)
        with study.change("export") as change:
            stored = writer.finish(change)
            number = store.insert_request(
                change, stored, form=form, purpose=purpose, recipient=recipient, file_name=name,
                checked=names.checked, found=names.found,
            )  # fmt: skip
            change.record("export.requested", f"export_request:{number}", after={
                "form": form, "size": stored.size, "sha256": stored.sha256,
                "recipient": recipient, "names_checked": names.checked,
                "names_found": names.found,
            })  # fmt: skip
    except BaseException:
        writer.abort()
        raise
    asked = store.request(study.db, number)
    if verdict_on(study.db, asked) is Verdict.RELEASE:
        try:
            release(study, number)
        except DiskFull as error:
            raise DiskFull(
                "The export is asked for and sealed in the study, but the disk is too full to "
                "write it out. Free some space, then release it on the page Exports."
            ) from error
    return store.request(study.db, number)


def approve_export(study: Study, request_id: int) -> Request:
    """Agree to what somebody else asked for, which releases it.

    The member who asked can do so too where no second person is needed (any more).
    """
    _require_say(study)
    release(study, request_id)
    return store.request(study.db, request_id)


def refuse_export(study: Study, request_id: int, reason: str) -> None:
    """Refuse a request, saying why; the file it wanted out is destroyed."""
    _require_say(study)
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= LONGEST:
        raise BadInput(f"Say why the export is refused, in at most {LONGEST} characters.")
    _end(study, request_id, "refused", reason)


def withdraw_request(study: Study, request_id: int) -> None:
    """Take one's own request back; the file it wanted out is destroyed."""
    study.require("read")
    if store.request(study.db, request_id).asked_by != study.member.id:
        raise NotAllowed("Only the member who asked for an export withdraws it.")
    _end(study, request_id, "withdrawn", "")


def open_request(study: Study, request_id: int) -> tuple[Request, SealedReader]:
    """Open the exact file of a request that waits, for reading before deciding; on record."""
    asked, sealed = sealed_request(study, request_id)
    try:
        study.note("read.export_reviewed", f"export_request:{request_id}")
    except BaseException:
        sealed.close()
        raise
    return asked, sealed


def sealed_request(study: Study, request_id: int) -> tuple[Request, SealedReader]:
    """Open the file of a request that waits; the caller puts on record what is shown of it."""
    study.require("read")
    asked = store.request(study.db, request_id)
    if asked.asked_by != study.member.id:
        _require_say(study)
    still_waiting(study.db, asked)
    assert asked.file_id is not None
    with told_if_decided(study.db, request_id):
        return asked, study.files.open(asked.file_id)


def list_requests(study: Study) -> list[Request]:
    """List all that was ever asked for, newest first."""
    study.require("read")
    return store.requests(study.db)


def who_can_release(study: Study, asked: Request) -> list[Member]:
    """List the members whose agreement would release a waiting request."""
    return [
        one
        for one in study.members()
        if one.id != asked.asked_by and verdict_on(study.db, asked, one.id) is Verdict.RELEASE
    ]


def plain_name(file_name: str) -> str:
    """Tidy the name of a file that is to leave, or refuse it."""
    name = normalize("NFC", file_name)
    if (
        not name.isprintable()
        or not 1 <= len(os.fsencode(name)) <= 200
        or name[0] in ".-~ "
        or name[-1] in ". "
        or name.casefold().endswith(RECEIPT)
        or any(mark in name for mark in '/\\:*?"<>|')
    ):
        raise BadInput("Give the export a plain file name, without folders or marks like / or :.")
    return name


def _require_say(study: Study) -> None:
    study.require("read")
    if not voice(study.member).releases:
        study.require("approve")


def _told(text: str) -> str:
    text = " ".join(text.split())
    if not 1 <= len(text) <= LONGEST or not text.isprintable():
        raise BadInput(
            "Say what the file is for and who gets it (in at most "
            f"{LONGEST} characters each): both go on the record."
        )
    return text


def _end(study: Study, request_id: int, state: State, reason: str) -> None:
    with study.change("read") as change:
        if state == "refused":
            _require_say(study)
        asked = store.request(change.db, request_id)
        still_waiting(change.db, asked)
        assert asked.file_id is not None
        store.settle(change, request_id, state, reason=reason)
        study.files.remove(asked.file_id, change)
        change.record(f"export.{state}", f"export_request:{request_id}")
