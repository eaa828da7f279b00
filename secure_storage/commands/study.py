"""``fokus study …``: make a study."""

import argparse

from ..study import create_study
from .passphrase import read_passphrase
from .tree import Commands, add_command


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add ``fokus study``."""
    studies = commands.add_parser("study", help="Create a study.").add_subparsers(required=True)
    create = add_command(studies, "create", study_create, "Create a study and its first lead.")
    create.add_argument("--title")
    create.add_argument("--lead", help="name of the first lead")
    create.add_argument("--passphrase-fd", type=int, metavar="N", help="read it from here")


def study_create(options: argparse.Namespace) -> int:
    """Create a study and its first lead."""
    title = options.title or input("Title of the study: ")
    lead = options.lead or input("Name of the first lead: ")
    prompt = "Choose a passphrase (12 characters or more): "
    passphrase = read_passphrase(options.passphrase_fd, prompt, new=True)
    create_study(options.home, title, lead, passphrase)
    print(f"The study is ready in {options.home}. Start it with: fokus serve --home {options.home}")
    return 0
