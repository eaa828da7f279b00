"""Passphrases on the console: from the terminal or a descriptor, never an argument."""

import getpass
import os

from ..errors import BadInput


def read_passphrase(fd: int | None, prompt: str, *, new: bool = False) -> str:
    """Read a passphrase from a file descriptor, or from the terminal without showing it.

    Never from an argument or a variable: others on the machine can read those.
    """
    if fd is not None:
        return _from_descriptor(fd)
    try:
        passphrase = getpass.getpass(prompt)
        if new and getpass.getpass("The same passphrase again: ") != passphrase:
            raise BadInput("The two passphrases differ. Start again.")
    except EOFError:
        raise BadInput("No passphrase was given. Use a terminal or --passphrase-fd.") from None
    return passphrase


def _from_descriptor(fd: int) -> str:
    try:
        with os.fdopen(fd, "rb") as source:
            line = source.readline(4096)
        return line.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"No passphrase can be read from descriptor {fd}.") from None
