"""How sub-commands are added: a name, what it runs, and where the study is."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..lock import held
from ..study import Study, unlock
from .passphrase import read_passphrase

DEFAULT_HOME: Final = Path("fokus-study")
Commands = argparse._SubParsersAction  # what add_subparsers gives; it has no public name


def add_command(
    within: "Commands[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    *,
    home: bool = True,
    member: bool = False,
) -> argparse.ArgumentParser:
    """Add a sub-command; ``member`` lets somebody sign in for it."""
    command = within.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    if home:
        command.add_argument(
            "--home", type=Path, default=DEFAULT_HOME, metavar="DIR", help="study folder"
        )
    if member:
        command.add_argument("--as", dest="member", metavar="NAME", help="who does this")
        command.add_argument("--passphrase-fd", type=int, metavar="N", help="read it from here")
        # Others on the machine may see it here, but it is used up at once.
        command.add_argument("--code", default="", help="one-time code, if you use them")
    return command


@contextmanager
def signed_in(options: argparse.Namespace) -> Iterator[Study]:
    """Sign in on the console for a block."""
    # Held first: nobody should type a passphrase to learn that a server has the study.
    with held(options.home):
        name = options.member or input("Your name (a member of the study): ")
        passphrase = read_passphrase(options.passphrase_fd, "Your passphrase: ")
        study = unlock(options.home, name, passphrase, options.code)
        try:
            yield study
        finally:
            study.close()
