"""Who has access to the study: inviting, ending, giving again, removing, roles.

Every act is checked here and leaves an event. A lead never acts on their own access or
role, so the study always keeps a lead; the change itself asks for the right once more, so
two leads cannot demote each other.
"""

import secrets
from typing import TYPE_CHECKING, Final

from . import keys, members
from .change import Change
from .errors import BadInput
from .members import ROLES, Member, Role

if TYPE_CHECKING:
    from .opened import OpenedStudy
    from .study import Study

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of one-time passphrases: no character that is read as another."""


def invite(study: "Study", name: str, role: Role) -> str:
    """Add a member; gives the one-time passphrase of the first sign-in."""
    study.require("members")
    once = one_time_passphrase()
    under = keys.stretched(once, study._core.header.cost)
    with study.change("members") as change:
        member = members.add(change.db, name, role, change.now)
        give_account(study._core, change, member, under)
        change.record(
            "member.invited", f"member:{member.id}", after={"name": member.name, "role": role}
        )
    return once


def disable(study: "Study", member_id: int) -> None:
    """End a member's access at once; it can be given again, and the work stays.

    The keys stay the same: somebody who copied them out of a running server before
    could still open a copy of the study. ``rotate_keys`` changes them.
    """
    _not_own(study, member_id)
    with study.change("members") as change:
        if _known(change, member_id).disabled:
            raise BadInput("This member has no access (any more).")
        members.disable(change.db, member_id, change.now)
        _shut_out(study._core, change, member_id)
        change.record("member.disabled", f"member:{member_id}")


def enable(study: "Study", member_id: int) -> str:
    """Give access again; gives the one-time passphrase of the next sign-in."""
    _not_own(study, member_id)
    once = one_time_passphrase()
    under = keys.stretched(once, study._core.header.cost)
    with study.change("members") as change:
        member = _known(change, member_id)
        if not member.disabled:
            raise BadInput("This member has access already.")
        members.enable(change.db, member_id)
        give_account(study._core, change, member, under)
        change.record("member.enabled", f"member:{member_id}")
    return once


def remove(study: "Study", member_id: int) -> None:
    """End a member's access for good; row and work stay, the name stays taken.

    As with ``disable``, only ``rotate_keys`` helps against keys that were copied before.
    """
    _not_own(study, member_id)
    with study.change("members") as change:
        _known(change, member_id)
        members.remove(change.db, member_id, change.now)
        _shut_out(study._core, change, member_id)
        change.record("member.removed", f"member:{member_id}")


def change_role(study: "Study", member_id: int, role: Role) -> None:
    """Give another member another role; it counts from their next step."""
    _not_own(study, member_id)
    if role not in ROLES:
        raise BadInput(f"A role is one of: {', '.join(ROLES)}.")
    with study.change("members") as change:
        member = _known(change, member_id)
        members.set_role(change.db, member_id, role)
        change.record(
            "member.role_changed", f"member:{member_id}",
            before={"role": member.role}, after={"role": role},
        )  # fmt: skip


def let_release(study: "Study", member_id: int, may: bool) -> None:
    """Give or take another member's permission to release exports."""
    _not_own(study, member_id)
    with study.change("members") as change:
        member = _known(change, member_id)
        members.let_release(change.db, member_id, may)
        change.record(
            "member.may_release", f"member:{member_id}",
            before={"may": member.may_release}, after={"may": may},
        )  # fmt: skip


def give_account(
    core: "OpenedStudy", change: Change, member: Member, under: keys.Stretched
) -> None:
    """Give a member new keys under a one-time passphrase, within a change."""
    account, _ = keys.new_account(core.header, core.root, member.id, member.name, under, once=True)
    core.save_header(core.header.with_account(account), change)


def one_time_passphrase() -> str:
    """Make a passphrase that is easy to read out and too long to guess (99 bits)."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def _not_own(study: "Study", member_id: int) -> None:
    study.require("members")
    if member_id == study.member.id:
        raise BadInput("You cannot change your own access, role or permission. Ask another lead.")


def _known(change: Change, member_id: int) -> Member:
    member = members.found(change.db, member_id)
    if member is None or member.removed:
        raise BadInput("There is no such member (any more).")
    return member


def _shut_out(core: "OpenedStudy", change: Change, member_id: int) -> None:
    if core.header.account_of(member_id) is not None:
        core.save_header(core.header.without(member_id), change)
    change.when_done(lambda: core.cut(member_id))
