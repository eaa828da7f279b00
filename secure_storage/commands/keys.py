"""``fokus study rotate`` and ``fokus study recover``: the study's keys."""

import argparse

from ..lock import held
from ..recovery import recover
from ..rotation import rotate_keys
from ..study import Study
from .passphrase import read_passphrase
from .tree import Commands, add_command, shown, signed_in


def add_key_commands(studies: "Commands[argparse.ArgumentParser]") -> None:
    """Add what ``fokus study`` does with keys."""
    text = "Change the keys: the database and every file are sealed anew."
    add_command(studies, "rotate", study_rotate, text, member=True)
    text = "Give a lead a new one-time passphrase, with the printed recovery kit."
    back = add_command(studies, "recover", study_recover, text)
    back.add_argument("--lead", metavar="NAME", help="who gets the passphrase")
    back.add_argument("--kit-fd", type=int, metavar="N", help="read the kit from here")


def study_rotate(options: argparse.Namespace) -> int:
    """Change the study's keys."""
    with signed_in(options) as study:
        rotate_shown(study)
    return 0


def study_recover(options: argparse.Namespace) -> int:
    """Open the study with its recovery kit."""
    # Held first: nobody should type 56 characters to learn that a server has the study.
    with held(options.home):
        name = options.lead or input("Name of the lead: ")
        kit = read_passphrase(options.kit_fd, "Recovery kit (56 characters, not shown): ")
        once = recover(options.home, kit, name)
    print(f"{name} signs in with this one-time passphrase: {once}")
    print("The journal says that the recovery kit was used. Keep the kit in its place: it")
    print("stays good until a new one is made.")
    return 0


def rotate_shown(study: Study) -> None:
    """Change the keys and show how far it is."""
    rotate_keys(study, shown)
    print("The keys are new. Passphrases and the recovery kit stay as they are.")
    print("Backups made before still open with the keys and passphrases of their day; they")
    print("expire as usual. Make a new backup now.")
