"""The linking store as one custodian sees it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from .. import events, names
from ..change import Change
from ..errors import BadInput, NotAllowed
from ..events import Event
from ..recovery import new_kit
from ..study import Study
from . import replaced, shared, store
from . import seals as seals_of
from .entry import changed, checked_day, tidied
from .seals import KIT, Seals
from .shared import SharedLinking
from .store import Original, Person


@dataclass(frozen=True, slots=True)
class Custodian:
    """A member whose role is to keep the linking store."""

    member_id: int
    name: str
    fingerprint: str
    """Of their public key, to compare with what they read out."""
    admitted: bool
    ready: bool
    """They have signed in and have a key of their own, to which the store can be sealed."""


class Linking:
    """The open store; made by ``open_linking``."""

    def __init__(self, study: Study, core: SharedLinking) -> None:
        """Belong to one sign-in of one custodian."""
        self._study, self._core = study, core
        self._seen: set[int] = set()
        """People whose entry is on the record as looked at."""

    def people(self, search: str = "") -> list[Person]:
        """List everybody, or those in whom all words of ``search`` are found."""
        self._require()
        with self._core.reading() as db:
            found = store.people(db)
        wanted = names.folded(search).split()
        return [one for one in found if all(word in _searched(one) for word in wanted)]

    def person(self, person_id: int) -> Person:
        """Look at one person; on the record, once in a sign-in."""
        self._require()
        with self._core.reading() as db:
            found = store.person(db, person_id)
        if person_id not in self._seen:
            with self._core.change(self._study.member) as change:
                change.record("read.person", f"person:{person_id}")
            self._seen.add(person_id)
        return found

    def save_person(self, person: Person) -> Person:
        """Add a person (version 0) or change one; ``StaleWrite`` if another did meanwhile."""
        self._require()
        new = tidied(person)
        with self._core.change(self._study.member) as change:
            self._check_admitted(change)
            if new.version == 0:
                before = Person(new.group_number, new.pseudonym, "")
                number = store.add(change.db, new)
            else:
                before, number = store.person(change.db, new.id), new.id
                if before.withdrawn_on != new.withdrawn_on:
                    raise BadInput("A withdrawal is noted by itself, not with other changes.")
                store.replace(change.db, new)
            action = "person.added" if new.version == 0 else "person.changed"
            change.record(action, f"person:{number}", after={"fields": changed(before, new)})
        self.tell_study()
        return replace(new, id=number, version=new.version + 1)

    def withdraw(self, person_id: int, day: str | None) -> Person:
        """Note the day a person withdrew (None: they did not), here and in the study.

        The study learns the day and the pseudonym, so that a lead sees erasure is due.
        """
        self._require()
        with self._core.change(self._study.member) as change:
            self._check_admitted(change)
            new = replace(store.person(change.db, person_id), withdrawn_on=checked_day(day))
            store.replace(change.db, new)
            action = "person.withdrew" if new.withdrawn_on else "person.withdrawal_taken_back"
            change.record(action, f"person:{person_id}")
        if new.withdrawn_on is None:
            self._take_back(new)
        self.tell_study()
        return replace(new, version=new.version + 1)

    def remove_person(self, person_id: int) -> None:
        """Remove a person for good: the rest moves to a new file under a new key.

        Backups made before still hold the entry until they expire.
        """
        self._require()
        with self._changing() as outer:
            with self._core.change(self._study.member) as change:
                replaced.take_in(outer, change.db, self._core.root)
                replaced.forget_person(change.db, store.person(change.db, person_id))
                store.remove(change.db, person_id)
                change.record("person.removed", f"person:{person_id}")
            self._core.rotate(self._core.seals, outer)
            outer.record("linking.key_changed", "linking", after={"why": "a person was removed"})
        self.tell_study()

    def custodians(self) -> list[Custodian]:
        """List the members with this role, and those who lost it but still have a seal."""
        self._require()
        keys = {one.member_id: one for one in self._study._core.header.accounts}
        inside = self._core.seals.custodians()
        found = []
        for member in self._study.members():
            if member.id in inside or (member.role == "custodian" and not member.disabled):
                account, seal = keys.get(member.id), self._core.seals.of(member.id)
                public = seal.public if seal else account.public if account else b""
                ready = account is not None and not account.first_sign_in
                mark = seals_of.fingerprint(public)
                found.append(Custodian(member.id, member.name, mark, member.id in inside, ready))
        return found

    def admit(self, member_id: int) -> None:
        """Let another custodian in: seal the root key to their public key."""
        self._require()

        def sealed(seals: Seals, root: bytes) -> Seals:
            self._require()
            return seals.sealed_to(member_id, self._key_of(member_id), root)

        self.save_seals(sealed, "linking.admitted", f"member:{member_id}")

    def _key_of(self, member_id: int) -> bytes:
        member = next((one for one in self._study.members() if one.id == member_id), None)
        account = self._study._core.header.account_of(member_id)
        if member is None or member.disabled or member.role != "custodian" or account is None:
            raise BadInput("Only a member whose role is custodian can be let in.")
        if account.first_sign_in:
            raise BadInput(
                "This custodian has not signed in yet and has no key of their own. Let them "
                "sign in and choose a passphrase first."
            )
        return account.public

    def dismiss(self, member_id: int) -> None:
        """Shut a custodian out: the store moves to a new file under a new key."""
        self._require()
        if member_id == self._study.member.id:
            raise BadInput("You cannot shut yourself out. Ask another custodian.")
        if member_id not in self._core.seals.custodians():
            raise BadInput("This member has no access to the linking store.")
        with self._changing() as outer:
            with self._core.change(self._study.member) as change:
                replaced.take_in(outer, change.db, self._core.root)
                change.record("linking.dismissed", f"member:{member_id}")
            self._core.rotate(self._core.seals.without(member_id), outer)
            outer.record("linking.dismissed", f"member:{member_id}")

    def make_kit(self) -> str:
        """Make the store's own recovery kit, which replaces the one before; text given once."""
        self._require()
        kit = new_kit()
        public = kit.secret.public_key().public_bytes_raw()

        def sealed(seals: Seals, root: bytes) -> Seals:
            self._require()
            return seals.sealed_to(KIT, public, root)

        self.save_seals(sealed, "linking.kit_made", "linking")
        return kit.text

    def has_kit(self) -> bool:
        """Tell whether a kit was printed."""
        self._require()
        return self._core.seals.of(KIT) is not None

    def history(self, limit: int) -> list[Event]:
        """List the store's own last events, newest first."""
        self._require()
        with self._core.reading() as db:
            return events.recent(db, limit)

    def verified(self) -> events.ChainCheck:
        """Check the store's own journal."""
        self._require()
        with self._core.reading() as db:
            return events.verify(db)

    def publish(self) -> int:
        """Give the study the keyed hashes of all names; gives the number of name forms."""
        self._require()
        forms = self._forms()
        with self._changing() as change:
            names.publish(change, self._study._core.root, forms)
        return len(forms)

    def published(self) -> names.Published | None:
        """Tell what the study has; None when nothing that it could check with."""
        self._require()
        return names.published(self._study.db, self._study._core.root)

    def destroy(self) -> None:
        """Destroy the store and its keys, for everybody and for good.

        At the end of a project this goes first: what is left cannot be linked any more.
        """
        self._require()
        with self._changing() as change:
            names.withdraw(change)
            replaced.forget_key(change)
            shared.remember(change, None)
            change.record("linking.destroyed", "linking")
        self._core.destroy()
        shared.forget(self._core)

    def close(self) -> None:
        """Leave the store; the last custodian to leave locks it."""
        shared.leave(self._study)

    def _require(self) -> None:
        self._study.require("linking")
        if self._study.member.id not in self._core.seals.custodians():
            raise NotAllowed(NOT_ADMITTED)

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """Change the study, if this member still may when their turn comes."""
        with self._study.change("linking") as change:
            self._require()
            yield change

    def _check_admitted(self, change: Change) -> None:
        # From memory alone: the study's writer may be held by who waits for the store's.
        self._study.check_usable()
        if change.member.id not in self._core.seals.custodians():
            raise NotAllowed(NOT_ADMITTED)

    def save_seals(self, sealed: Callable[[Seals, bytes], Seals], action: str, object: str) -> None:
        """Write the key file, with an event in both journals; for custodians only.

        ``sealed`` makes the new seals of the present ones and the root key, once nobody else
        can change them any more. Whether the custodian is admitted it asks too, except where
        the kit lets somebody in.
        """
        with (
            self._study.change("linking") as outer,
            self._core.change(self._study.member) as change,
        ):
            self._core.save_seals(sealed(self._core.seals, self._core.root), change, outer)
            change.record(action, object)
            outer.record(action, object)

    def _forms(self) -> set[names.Form]:
        with self._core.reading() as db:
            people = store.people(db)
        return {
            form
            for one in people
            for name in (one.name, *one.other_names)
            for form in names.name_forms(name)
        } | {form for one in people for form in names.contact_forms(one.contact)}

    def tell_study(self) -> None:
        """Bring the study up to date, also with what a crash kept from it."""
        self._require()
        forms, root = self._forms(), self._study._core.root
        if not names.stands(self._study.db, root, forms):
            with self._changing() as change:
                names.publish(change, root, forms)
        self._take_in()
        with self._core.reading() as db:
            people = store.people(db)
        due = store.unmarked(self._study.db, people)
        if due:
            with self._changing() as change:
                for number, day in due:
                    store.mark_withdrawn(change.db, number, day)
                    change.record(
                        "participant.withdrawal_noted", f"participant:{number}",
                        after={"withdrawn_at": day},
                    )  # fmt: skip

    def originals(self) -> list[Original]:
        """List what the study replaced, and what it put there; on the record."""
        self._require()
        self._take_in()
        with self._core.change(self._study.member) as change:
            change.record("read.originals", "linking")
            return list(store.originals(change.db).values())

    def _take_in(self) -> None:
        if not replaced.outdated(self._study.db, self._core.root):
            return
        with self._changing() as outer, self._core.change(self._study.member) as change:
            count = replaced.take_in(outer, change.db, self._core.root)
            replaced.publish_key(outer, self._core.root)
            change.record("linking.originals_taken_in", "linking", after={"words": count})
            outer.record("linking.originals_taken_in", "linking", after={"words": count})

    def _take_back(self, person: Person) -> None:
        number = store.participant(self._study.db, person)
        if number is not None:
            with self._changing() as change:
                store.mark_withdrawn(change.db, number, None)
                change.record("participant.withdrawal_taken_back", f"participant:{number}")

    def note_opened(self) -> None:
        """Put the opening on the record of both; a sign-in does it once."""
        self._require()
        with self._core.change(self._study.member) as change:
            change.record("read.opened", "linking")
        self._study.note("read.linking_opened", "linking")
        self.tell_study()


def _searched(person: Person) -> str:
    texts = (person.pseudonym, person.name, *person.other_names, f"{person.group_number}")
    return names.folded(" ".join(texts))


NOT_ADMITTED: Final = (
    "The linking store is not open to you. A custodian who has it open can let you in; if "
    "there is none, use its recovery kit."
)
