"""``fokus study …``: make a study, set its dates, close it."""

import argparse
import getpass
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from ..closing import (
    Archive,
    StudyDates,
    check_title,
    close_study,
    finish_closing,
    make_archive,
    needs_second,
    set_study_dates,
    study_dates,
)
from ..errors import BadInput
from ..study import Study, create_study, unlock
from .keys import add_key_commands
from .passphrase import read_passphrase
from .tree import Commands, add_command, signed_in


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add ``fokus study``."""
    studies = commands.add_parser("study", help="Create, date and close a study.").add_subparsers(
        required=True
    )
    create = add_command(studies, "create", study_create, "Create a study and its first lead.")
    create.add_argument("--title")
    create.add_argument("--lead", help="name of the first lead")
    create.add_argument("--passphrase-fd", type=int, metavar="N", help="read it from here")
    add_key_commands(studies)
    _add_dates(studies)
    _add_close(studies)


def _add_dates(studies: "Commands[argparse.ArgumentParser]") -> None:
    text = "Show or set when the study ends and when its data has to be gone."
    dates = add_command(studies, "dates", study_dates_command, text, member=True)
    for name in ("--end", "--deletion"):
        dates.add_argument(name, type=_day, metavar="YYYY-MM-DD", help="«none» takes it away")


def _add_close(studies: "Commands[argparse.ArgumentParser]") -> None:
    text = "Make the study's archive, check it, and destroy the study with all its backups."
    close = add_command(studies, "close", study_close, text, member=True)
    close.add_argument("--archive", type=Path, metavar="FILE", help="new file, encrypted by age")
    close.add_argument("--recipient", action="append", default=[], metavar="age1…")
    close.add_argument("--passphrase", action="store_true", help="ask for one for the archive")
    close.add_argument("--with-recordings", action="store_true", help="put the sound in too")
    close.add_argument("--no-archive", action="store_true", help="destroy without an archive")


def study_create(options: argparse.Namespace) -> int:
    """Create a study and its first lead."""
    title = options.title or input("Title of the study: ")
    lead = options.lead or input("Name of the first lead: ")
    prompt = "Choose a passphrase (12 characters or more): "
    passphrase = read_passphrase(options.passphrase_fd, prompt, new=True)
    create_study(options.home, title, lead, passphrase)
    print(f"The study is ready in {options.home}. Start it with: fokus serve --home {options.home}")
    return 0


def study_dates_command(options: argparse.Namespace) -> int:
    """Show the study's dates, or set those that are given."""
    with signed_in(options) as study:
        known = study_dates(study)
        end, deletion = (
            kept if given is None else (given or None)
            for given, kept in ((options.end, known.end), (options.deletion, known.deletion))
        )
        if (options.end, options.deletion) != (None, None):
            set_study_dates(study, StudyDates(end, deletion))
            known = study_dates(study)
    print(f"The study ends: {known.end or 'not set'}")
    print(f"Its data has to be gone by: {known.deletion or 'not set'}")
    return 0


def study_close(options: argparse.Namespace) -> int:
    """Archive and destroy a study, or finish what was interrupted."""
    home: Path = options.home
    if (home / "closing.json").exists() and not (home / "study.json").exists():
        print(f"Finished. The certificate: {finish_closing(home)}")
        return 0
    if (options.archive is None) != options.no_archive:
        raise BadInput("Say where the archive goes (--archive FILE), or --no-archive.")
    with ExitStack() as stack:
        study = stack.enter_context(signed_in(options))
        second = _second(home) if needs_second(study) else None
        if second is not None:
            stack.callback(second.close)
        print("This destroys the study, its linking store, exports and all its backups.")
        typed = input("Type the title of the study to confirm: ")
        check_title(study, typed)
        archive = _archived(study, options, second)
        certificate = close_study(study, typed, archive, second)
    print(f"Destroyed. The certificate: {certificate}")
    return 0


def _second(home: Path) -> Study:
    print("This study always asks for two people. Another lead or coder has to agree here.")
    name = input("Name of the second person: ")
    passphrase = read_passphrase(None, "Passphrase of the second person: ")
    return unlock(home, name, passphrase, input("One-time code, if they use them: "))


def _archived(study: Study, options: argparse.Namespace, second: Study | None) -> Archive | None:
    if options.no_archive:
        return None
    secret = ""
    if options.passphrase:
        secret = getpass.getpass("Passphrase of the archive: ")
        if getpass.getpass("The same passphrase again: ") != secret:
            raise BadInput("The two passphrases differ. Start again.")
    made = make_archive(
        study, options.archive, recipients=tuple(options.recipient), passphrase=secret,
        with_recordings=options.with_recordings, second=second,
    )  # fmt: skip
    print(f"Archive: {made.path} ({made.files} files, {made.size / 1e6:,.1f} MB, read back)")
    return made


def _day(text: str) -> date | str:
    try:
        return "" if text == "none" else date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a date is written 2027-06-30, or none") from None
