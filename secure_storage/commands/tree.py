"""How sub-commands are added: a name, what it runs, and where the study is."""

import argparse
import sys
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
    with signing_in(options) as (study, _):
        yield study


@contextmanager
def signing_in(options: argparse.Namespace) -> Iterator[tuple[Study, str]]:
    """Sign in on the console for a block that needs the passphrase once more."""
    # Held first: nobody should type a passphrase to learn that a server has the study.
    with held(options.home):
        name = options.member or input("Your name (a member of the study): ")
        passphrase = read_passphrase(options.passphrase_fd, "Your passphrase: ")
        study = unlock(options.home, name, passphrase, options.code)
        try:
            yield study, passphrase
        finally:
            study.close()


def shown(done: int, total: int) -> None:
    """Show on a terminal how many bytes of how many are done."""
    if sys.stderr.isatty():
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r{done / 1e6:,.0f} of {total / 1e6:,.0f} MB{end}")
