"""The study, as one member sees it: what every stage is given and works through."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

import sqlite_utils
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from . import access, database, events, keys, lock, members, moments, one_time_codes, opened
from .audit.failed import note_failed
from .change import Change
from .disk import private_folder, replacing, sync_folder
from .errors import BadInput, NotAllowed, NotSignedIn, StudyExists, WrongPassphrase, storage_told
from .events import ChainCheck, Event
from .files import Files
from .keys import COST, Account, Cost, Header
from .members import RIGHTS, Member, Right, Role


class Study:
    """One open study seen by one member; cheap to make, shares keys and connections."""

    def __init__(
        self, core: opened.OpenedStudy, member: Member, secret: X25519PrivateKey, *,
        cuts: int, first_sign_in: bool,
    ) -> None:  # fmt: skip
        """Made by ``unlock``."""
        self._core = core
        self._member = member
        self._secret = secret
        self._cuts = cuts
        self.first_sign_in = first_sign_in
        """The member signed in with a one-time passphrase and must choose an own one."""
        self.title = core.title
        self._closed = False
        self._opened: set[str] = set()
        """Objects whose opening is on the record already."""
        self.proposed_code: bytes | None = None
        """The secret of one-time codes that are not confirmed yet."""
        self.when_closed: list[Callable[[], object]] = []
        """Called once, when this member's use ends (sign-out, idling, lock)."""
        self.before_counting: list[Callable[[], object]] = []
        """Called before somebody counts what was heard: puts it on the record now."""

    @property
    def member(self) -> Member:
        """The member as of now: another lead may have changed role or permission."""
        if not self.closed:
            self._member = members.found(self._core.reader, self._member.id) or self._member
        return self._member

    @property
    def home(self) -> Path:
        """The study's folder."""
        return self._core.home

    @property
    def files(self) -> Files:
        """The sealed files."""
        self.check_usable()
        return self._core.files

    @property
    def db(self) -> sqlite_utils.Database:
        """The calling thread's reading connection; it cannot write."""
        self.check_usable()
        return self._core.reader

    @property
    def closed(self) -> bool:
        """The session ended, or the member's access did."""
        cut = self._core.cuts(self._member.id) > self._cuts
        return self._closed or self._core.closed or cut

    def require(self, right: Right) -> None:
        """Refuse unless the member's present role (or, for release, permission) gives it."""
        self.check_usable()
        _require(self.member, right)

    def change(self, right: Right | None = None) -> AbstractContextManager[Change]:
        """Change the study: ``with study.change(right) as change: … change.record(…)``.

        Access and right are looked at once more when nobody else can write any longer: a
        lead may have taken them away while this change waited for its turn.
        """
        self.check_usable()
        return self._in_turn(right)

    @contextmanager
    def _in_turn(self, right: Right | None) -> Iterator[Change]:
        with self._core.change(self._member) as change:
            self.check_usable()
            change.member = self._still_member(change)
            if right is not None:
                _require(change.member, right)
            yield change

    def _still_member(self, change: Change) -> Member:
        member = members.found(change.db, self._member.id)
        account = self._core.header.account_of(self._member.id)
        own = self._secret.public_key().public_bytes_raw()
        # Other keys: the access was ended and given again, or this session began with a
        # one-time passphrase that is used up.
        if member is None or member.disabled or account is None or account.public != own:
            raise NotSignedIn("Your access to this study has ended. Ask a lead of the study.")
        return member

    def note(
        self, action: str, object: str, after: Mapping[str, object] | None = None,
        right: Right | None = None,
    ) -> int:  # fmt: skip
        """Record a sensitive read; it notifies nobody and moves no ``head``."""
        if not action.startswith(events.READ):
            raise ValueError("the action of a read starts with 'read.'")
        with self.change(right) as change:
            return change.record(action, object, after=after)

    def opened(self, object: str) -> None:
        """Record that the member has this text before their eyes; once in a sign-in."""
        self.require("read")
        if object not in self._opened:
            self.note("read.opened", object, right="read")
            self._opened.add(object)

    def events(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """List the journal after ``since``, oldest first, reads included."""
        self.require("read")
        return events.read(self.db, since, limit)

    def recent_events(self, limit: int) -> list[Event]:
        """List the last events, newest first, reads included."""
        self.require("read")
        return events.recent(self.db, limit)

    def head(self) -> int:
        """Give the number of the last event that changed anything."""
        return events.head(self.db)

    def members(self) -> list[Member]:
        """List the members."""
        return members.listed(self.db)

    def invite(self, name: str, role: Role) -> str:
        """Add a member; gives the one-time passphrase of the first sign-in."""
        return access.invite(self, name, role)

    def disable(self, member_id: int) -> None:
        """End a member's access at once; it can be given again."""
        access.disable(self, member_id)

    def enable(self, member_id: int) -> str:
        """Give access again; gives a one-time passphrase."""
        return access.enable(self, member_id)

    def remove(self, member_id: int) -> None:
        """End a member's access for good; the work stays."""
        access.remove(self, member_id)

    def change_role(self, member_id: int, role: Role) -> None:
        """Give another member another role."""
        access.change_role(self, member_id, role)

    def let_release(self, member_id: int, may: bool) -> None:
        """Give or take another member's permission to release exports."""
        access.let_release(self, member_id, may)

    def change_passphrase(self, old: str, new: str) -> None:
        """Replace the member's own passphrase."""
        if self.closed:
            raise NotSignedIn("You are signed out. Sign in again.")
        keys.check_passphrase(new)
        if new == old:
            raise BadInput("The new passphrase is the old one. Choose another.")
        header = self._core.header
        try:
            found = keys.open_account(header, self._member.name, old)
        except WrongPassphrase:
            note_failed(self.home, header, self._member.name)
            raise
        self._replace_passphrase(new, found.account)

    def choose_passphrase(self, new: str) -> None:
        """Replace the one-time passphrase with which the member has just signed in."""
        if self.closed or not self.first_sign_in:
            raise NotSignedIn("Sign in with your one-time passphrase first.")
        keys.check_passphrase(new)
        present = self._core.header.account_of(self._member.id)
        if self._opens(new):
            raise BadInput("This is the one-time passphrase. Choose one of your own.")
        self._replace_passphrase(new, present)

    def _opens(self, passphrase: str) -> bool:
        try:
            keys.open_account(self._core.header, self._member.name, passphrase)
        except WrongPassphrase:
            return False
        return True

    def _replace_passphrase(self, new: str, present: Account | None) -> None:
        core, name = self._core, self._member.name
        under, secret = keys.stretched(new, core.header.cost), self._secret
        with core.change(self._member) as change:
            self._still_member(change)
            account = core.header.account_of(self._member.id)
            same = account and present and account.opens_like(present)
            if not account or not same or self.closed or self.first_sign_in > account.first_sign_in:
                raise NotSignedIn(
                    "Your passphrase was changed elsewhere meanwhile. Sign in again with it; if "
                    "that was not you, tell a lead of the study."
                )
            if self.first_sign_in:
                # A new pair: whoever invited could have kept the one-time passphrase.
                account, secret = keys.new_account(
                    core.header, core.root, account.member_id, name, under, once=False
                )
            else:
                account = keys.with_passphrase(core.header, account, secret, under)
            core.save_header(core.header.with_account(account), change)
            change.record("member.passphrase_changed", f"member:{account.member_id}")
            change.when_done(self._end_others)
        self._secret, self.first_sign_in = secret, False

    def _end_others(self) -> None:
        # Whoever knew the passphrase of before may be signed in elsewhere.
        self._cuts += 1
        self._core.cut(self._member.id)

    def close(self) -> None:
        """End this member's use; the last one to end it locks the study."""
        if not self._closed:
            self._closed = True
            try:
                for call in self.when_closed:
                    call()
                for leave in () if self._core.closed else moments.when_leaving:
                    leave(self._core)
            finally:
                opened.release(self._core)

    def check_usable(self) -> None:
        """Refuse a member who is signed out or has not chosen an own passphrase yet."""
        if self.closed:
            raise NotSignedIn("You are signed out. Sign in again.")
        if self.first_sign_in:
            raise NotAllowed(
                "Choose a passphrase of your own first: sign in to the workbench in a browser "
                "(fokus serve) with the one-time passphrase."
            )


def create_study(home: Path, title: str, lead: str, passphrase: str, *, cost: Cost = COST) -> None:
    """Make a study and its first lead in ``home``, which may be an empty folder."""
    title = " ".join(title.split())
    if not 1 <= len(title) <= 200:
        raise BadInput("The title of a study has 1 to 200 characters.")
    lead = members.checked_name(lead)
    keys.check_passphrase(passphrase)
    private_folder(home)
    home = home.resolve()
    home.chmod(0o700)
    with lock.held(home):
        if (home / "study.json").exists():
            raise StudyExists(f"There is a study in {home} already. Choose another folder.")
        if (home / "study.db").exists():
            raise StudyExists(
                f"{home} holds a study's database without its key file (study.json). "
                "Restore the key file from a backup, or choose another folder."
            )
        with _new_folder(home) as made, storage_told():
            header, root = _fill(made, title, lead, passphrase, cost)
            (made / "study.db").replace(home / "study.db")
            sync_folder(home)
            with replacing(home / "study.json") as file:
                file.write(keys.to_json(header, root))


def unlock(home: Path, name: str, passphrase: str, code: str = "") -> Study:
    """Open the study for a member; ``code`` is the one-time code of those who use them."""
    home = home.resolve()
    header, mac = opened.read_header(home)
    try:
        found = keys.open_account(header, name, passphrase)
        keys.check_mac(header, mac, found.root)
        return _enter(home, found, code)
    except WrongPassphrase:
        note_failed(home, header, name)
        raise


def _enter(home: Path, found: keys.OpenedAccount, code: str) -> Study:
    core, tried = opened.acquire(home, found.root), found.account
    try:
        cuts = core.cuts(tried.member_id)
        member = _with_access(core.reader, tried)
        with core.change(member) as change:
            # Once more: a lead may have been quicker while this waited for its turn.
            member = _with_access(change.db, tried)
            account = core.header.account_of(tried.member_id)
            if account is None or not account.opens_like(tried):
                raise WrongPassphrase(keys.WRONG)
            one_time_codes.use(change, member, code)
            change.record("read.unlocked", f"member:{member.id}")
        return Study(core, member, found.secret, cuts=cuts, first_sign_in=account.first_sign_in)
    except BaseException:
        opened.release(core)
        raise


def _with_access(db: sqlite_utils.Database, account: Account) -> Member:
    member = members.found(db, account.member_id)
    if member is None or member.disabled:
        raise NotAllowed("Your access to this study has ended. Ask a lead of the study.")
    return member


def _require(member: Member, right: Right) -> None:
    given = right in RIGHTS[member.role]
    if right == "release":
        given = member.may_release and "read" in RIGHTS[member.role]
    if not given:
        raise NotAllowed(
            f"Your role ({member.role}) does not include the right to {DEEDS[right]}. "
            "A lead of the study can do it."
        )


def on_event(study: Study, call: Callable[[Event], None]) -> Callable[[], None]:
    """Have every committed change told (on any thread, reads left out); gives its end."""
    study.require("read")
    return study._core.listen(call)


def verify_chain(study: Study) -> ChainCheck:
    """Check the whole journal."""
    study.require("read")
    return events.verify(study.db)


def verified_chain(study: Study) -> ChainCheck:
    """Check the whole journal, unless it was checked since its last event."""
    study.require("read")
    return study._core.verified()


def _fill(folder: Path, title: str, lead: str, passphrase: str, cost: Cost) -> tuple[Header, bytes]:
    header = Header(secrets.token_hex(16), 0, cost, ())
    root = keys.derived(secrets.token_bytes(32), "root")
    connections = database.Connections(folder / "study.db", keys.derived(root, "database"))
    try:
        with connections.writing() as db:
            at = events.now()
            member = members.add(db, lead, "lead", at)
            members.let_release(db, member.id, True)
            under = keys.stretched(passphrase, cost)
            account, _ = keys.new_account(header, root, member.id, lead, under, once=False)
            header = header.with_account(account)
            database.set_meta(db, "study", header.study_id)
            database.set_meta(db, "title", title)
            database.set_meta(db, "created_at", at)
            database.set_meta(db, "header_revision", str(header.revision))
            events.append(
                db, at, member.id, "study.created", "study",
                before=None, after={"title": title}, client_id=None,
            )  # fmt: skip
    finally:
        connections.close()
    return header, root


@contextmanager
def _new_folder(home: Path) -> Iterator[Path]:
    made = home / f".new-{secrets.token_hex(6)}"
    private_folder(made)
    try:
        yield made
    finally:
        shutil.rmtree(made)


DEEDS: Final[Mapping[Right, str]] = {
    "read": "read the study",
    "comment": "comment",
    "transcribe": "add recordings or change transcripts",
    "code": "code",
    "theme": "work on themes",
    "export": "ask for exports",
    "release": "release exports",
    "approve": "approve what another member asks for",
    "members": "manage members",
    "audit": "read the audit log",
    "backup": "make backups",
    "erase": "erase data",
    "linking": "use the linking store",
}
