"""``fokus backup …``: make, list, try out and restore backups."""

import argparse
from pathlib import Path

from ..backup import Backup, backups, drill, make, restore
from ..errors import BadInput, StudyBusy
from .tree import Commands, add_command, shown, signing_in


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add ``fokus backup``."""
    parts = commands.add_parser("backup", help="Make, check and restore backups.")
    backup = parts.add_subparsers(required=True)
    add_command(backup, "now", backup_now, "Make a backup; nobody has to sign in for it.")
    add_command(backup, "list", backup_list, "List the backups and when each expires.")
    text = "Restore the newest backup on trial and compare it with the study."
    add_command(backup, "drill", backup_drill, text, member=True)
    text = "Restore a backup into a new study folder."
    back = add_command(backup, "restore", backup_restore, text, home=False)
    back.add_argument("backup", type=Path, metavar="BACKUP", help="folder of the backup")
    back.add_argument("--home", type=Path, required=True, metavar="DIR", help="a new folder")


def backup_now(options: argparse.Namespace) -> int:
    """Make a backup of the locked study, a copy of its ciphertext."""
    try:
        made = make(options.home, "on-demand", progress=shown)
    except StudyBusy:
        raise BadInput(
            "A running Fokus server has the study. Make the backup there: Members & security, "
            "«Back up now»; or stop the server first."
        ) from None
    print(f"Made: {made.folder}")
    print("It is verified when somebody next signs in, or by: fokus backup drill")
    return 0


def backup_list(options: argparse.Namespace) -> int:
    """Print the backups, the newest last; 1 if one of them is not good."""
    present = backups(options.home)
    if not present:
        print("There are no backups yet. Make one with: fokus backup now")
    for one in present:
        print(f"{one.folder}  {one.size / 1e6:,.1f} MB  {state(one)}  expires {_day(one)}")
    return 1 if any(one.problem for one in present) else 0


def backup_drill(options: argparse.Namespace) -> int:
    """Restore on trial; 1 when something is wrong."""
    with signing_in(options) as (study, passphrase):
        found = drill(study, passphrase, options.code)
    for finding in found.findings:
        print(f"WRONG  {finding}")
    print(
        f"{'WRONG  Not' if found.findings else 'ok    '} restored from {found.backup.name}: "
        f"{found.events:,} events, {found.equal:,} of {found.rows:,} rows as in the study, "
        f"{found.changed_since:,} changes since, {found.files:,} files "
        f"({found.file_bytes / 1e6:,.1f} MB). The trial copy is removed."
    )
    return 1 if found.findings else 0


def backup_restore(options: argparse.Namespace) -> int:
    """Restore into a new folder and say what to know about it."""
    found = restore(options.backup, options.home)
    print(f"Restored {found.backup.name} ({state(found.backup)}) into {found.home}.")
    if not found.backup.good:
        print("Nobody has opened that backup and compared it yet. Check this: fokus verify")
    print(
        f"Its key file is no. {found.revision} and has {found.accounts} "
        f"{'account' if found.accounts == 1 else 'accounts'}: who could sign in on "
        f"{found.backup.made_at[:10]} can do so now, with the passphrase of that day. Members "
        "removed since then can sign in again: end their access."
    )
    print(
        "If events were anchored after that day, «fokus verify» says that the anchors are "
        "ahead of the journal. That is right after a restore; when you have made sure that "
        "this is the state you want, accept it with: fokus verify --restart-anchors"
    )
    print("Whoever was erased since then is in it again: erase them anew.")
    return 0


def state(one: Backup) -> str:
    """Say in a few words what is known of a backup."""
    if one.problem:
        return f"NOT GOOD: {one.problem}"
    return "verified" if one.good else "not verified yet"


def _day(one: Backup) -> str:
    return one.expires_at[:10]
