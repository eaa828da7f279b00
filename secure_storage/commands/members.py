"""``fokus member …``: who works on a study."""

import argparse

from ..errors import BadInput
from ..members import ROLES, Member
from ..study import Study
from .keys import rotate_shown
from .tree import Commands, add_command, signed_in


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add ``fokus member``."""
    parts = commands.add_parser("member", help="Invite members, end or give back access.")
    people = parts.add_subparsers(required=True)
    invite = add_command(people, "invite", member_invite, "Invite a member.", member=True)
    invite.add_argument("name", metavar="NAME")
    invite.add_argument("--role", required=True, choices=ROLES)
    # The first version of the command called the one who invites so.
    invite.add_argument("--lead", dest="member", help=argparse.SUPPRESS)
    add_command(people, "list", member_list, "List the members.", member=True)
    text = "End a member's access; it can be given again."
    add_command(people, "disable", member_disable, text, member=True).add_argument("name")
    text = "Give a member access again, with a one-time passphrase."
    add_command(people, "enable", member_enable, text, member=True).add_argument("name")
    text = "End a member's access for good; the work stays."
    remove = add_command(people, "remove", member_remove, text, member=True)
    remove.add_argument("name", metavar="NAME")
    remove.add_argument(
        "--rotate", action="store_true", help="change the keys too, against copies taken before"
    )


def member_invite(options: argparse.Namespace) -> int:
    """Invite a member and print the one-time passphrase."""
    with signed_in(options) as study:
        once = study.invite(options.name, options.role)
    _hand_over(options.name, once)
    return 0


def member_list(options: argparse.Namespace) -> int:
    """Print the members, their roles and whether they have access."""
    with signed_in(options) as study:
        study.require("read")
        for one in study.members():
            access = "removed" if one.removed else "access ended" if one.disabled else "access"
            print(f"{one.name}  {one.role}  {access}{'  may release' * one.may_release}")
    return 0


def member_disable(options: argparse.Namespace) -> int:
    """End a member's access."""
    with signed_in(options) as study:
        study.disable(_named(study, options.name).id)
    print(f"{options.name} has no access any more. Give it again with: fokus member enable")
    return 0


def member_enable(options: argparse.Namespace) -> int:
    """Give a member access again and print the one-time passphrase."""
    with signed_in(options) as study:
        once = study.enable(_named(study, options.name).id)
    _hand_over(options.name, once)
    return 0


def member_remove(options: argparse.Namespace) -> int:
    """End a member's access for good, and change the keys if asked to."""
    with signed_in(options) as study:
        study.remove(_named(study, options.name).id)
        print(f"{options.name} is removed for good. What {options.name} did stays.")
        if options.rotate:
            rotate_shown(study)
        else:
            print(
                "The keys are the same: somebody who copied the study folder or its keys "
                "before could open a later copy. Change the keys with: fokus study rotate"
            )
    return 0


def _named(study: Study, name: str) -> Member:
    wanted = " ".join(name.split()).casefold()
    for one in study.members():
        if one.name.casefold() == wanted:
            return one
    raise BadInput("There is no member of this name. List them with: fokus member list")


def _hand_over(name: str, once: str) -> None:
    print(f"Give {name} this one-time passphrase in person or by phone: {once}")
    print("At the first sign-in Fokus asks for an own passphrase.")
