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
    work = commands.add_parser("work", help="Work on sealed jobs handed over by the app.")
    work.set_defaults(run=_work)
    array = commands.add_parser("array", help="Work on sealed jobs as one task of a job array.")
    array.add_argument("jobs", type=Path)
    array.add_argument("name")
    array.set_defaults(run=_array)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except FokusError as error:
        print(f"fokus: {error}", file=sys.stderr)
        return 1
    return code


def _work(_: argparse.Namespace) -> int:
    from .work import work_command

    return work_command()


def _array(options: argparse.Namespace) -> int:
    from .array import array_command

    return array_command(options.jobs, options.name)


if __name__ == "__main__":
    sys.exit(main())
