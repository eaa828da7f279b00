"""What the console command ``fokus`` does with this stage, a module for each sub-command."""

import argparse

from . import backup, members, study, verify
from .check_up import Check, doctor, told_at_start
from .passphrase import read_passphrase
from .tree import Commands

__all__ = ["Check", "add_commands", "doctor", "read_passphrase", "told_at_start"]


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add this stage's sub-commands."""
    for part in (backup, study, members, verify):
        part.add_commands(commands)
