"""``fokus member …``: who works on a study."""

import argparse

from ..members import ROLES
from .tree import Commands, add_command, signed_in


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add ``fokus member``."""
    people = commands.add_parser("member", help="Invite members.").add_subparsers(required=True)
    invite = add_command(people, "invite", member_invite, "Invite a member.", member=True)
    invite.add_argument("name", metavar="NAME")
    invite.add_argument("--role", required=True, choices=ROLES)
    # The first version of the command called the one who invites so.
    invite.add_argument("--lead", dest="member", help=argparse.SUPPRESS)


def member_invite(options: argparse.Namespace) -> int:
    """Invite a member and print the one-time passphrase."""
    with signed_in(options) as study:
        once = study.invite(options.name, options.role)
    print(f"Give {options.name} this one-time passphrase in person or by phone: {once}")
    print("At the first sign-in Fokus asks for an own passphrase.")
    return 0
