"""``python -m transcribe``: the worker's door, and the commands without a study."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from secure_storage import FokusError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    from .commands import add_commands

    parser = argparse.ArgumentParser(prog="python -m transcribe")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_commands(commands)
    work = commands.add_parser("work", help="Work on a sealed job (its key on standard input).")
    work.add_argument("capsule", type=Path)
    work.add_argument("--lock-fd", type=int)
    work.set_defaults(run=_work)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except FokusError as error:
        print(f"fokus: {error}", file=sys.stderr)
        return 1
    return code


def _work(options: argparse.Namespace) -> int:
    from .work import work_command

    return work_command(options.capsule, options.lock_fd)


if __name__ == "__main__":
    sys.exit(main())
