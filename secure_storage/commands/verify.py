"""``fokus verify``: check that nothing of the study was altered, cut or lost."""

import argparse
import sys
import time

from ..audit.anchors import anchors_of
from ..audit.verify import Progress, Verification, restart_anchors, verify_study
from ..connection import Fault
from ..errors import DamagedFile
from .tree import Commands, add_command, signed_in


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add ``fokus verify``."""
    text = "Check journal, anchors, database and every file; exits 1 when something is wrong."
    verify = add_command(commands, "verify", study_verify, text, member=True)
    verify.add_argument(
        "--restart-anchors", action="store_true",
        help="accept that older anchors are lost (after a restore or a move); stays on record",
    )  # fmt: skip


def study_verify(options: argparse.Namespace) -> int:
    """Check the whole study and print what is wrong, a line each."""
    try:
        with signed_in(options) as study:
            if options.restart_anchors:
                restart_anchors(study)
            found = verify_study(study, _progress())
            problem = anchors_of(study).problem
    except (Fault, DamagedFile):
        print("WRONG  Database: it cannot be read. Restore it from a backup.")
        return 1
    sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() else "")
    _say(found)
    return 0 if found.ok and not problem else 1


def _say(found: Verification) -> None:
    for finding in found.findings:
        print(f"WRONG  {finding}")
    for note in found.notes:
        print(f"note   {note}")
    print(
        f"{'ok     Sound' if found.ok else 'WRONG  Not sound'}: {found.events:,} events, "
        f"{found.anchors:,} anchors, {found.files:,} files ({found.file_bytes / 1e6:,.1f} MB)"
    )


def _progress() -> Progress:
    """Show on the terminal's error stream what is checked and how long it still takes."""
    began: dict[str, float] = {}
    shown = [0.0]

    def tell(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        start = began.setdefault(what, now)
        last = done >= total
        if not sys.stderr.isatty():
            if last:
                print(f"checked: {what}", file=sys.stderr)
        elif now - shown[0] > 0.2 or last:
            shown[0] = now
            left = (now - start) / done * (total - done) if done else 0.0
            sys.stderr.write(f"\r\x1b[K{what}: {done / max(1, total):.0%}, {left:.0f} s left")
            sys.stderr.flush()

    return tell
