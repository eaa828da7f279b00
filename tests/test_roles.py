"""Every act of every stage, as each of the four roles: what is refused and what is not.

The acts are found, not listed: every function of a stage that is given a study, and all
that a ``Study`` and an open ``Linking`` can do. One without a row in ``ACTS`` fails the
test, so nobody can add one without saying who may do it. That those which change something
do ask is read off the source too, followed through the calls inside our own packages.
"""

import ast
import importlib
import inspect
import pkgutil
import textwrap
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import coding
import secure_storage
import themes
import transcribe
from secure_storage import (
    FLOOR,
    FokusError,
    Linking,
    NotAllowed,
    Role,
    Study,
    create_linking,
    create_study,
    linking_state,
    open_linking,
    unlock,
)

STAGES = (secure_storage, transcribe, coding, themes)
OURS = tuple(stage.__name__ for stage in STAGES)
ASKS = {"require", "change", "check_usable"}
"""Calling one of these, on whatever, makes a function an act."""


def exported() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Everything that can be called on a study from outside the stages."""
    for stage in STAGES:
        for name in stage.__all__:
            found = getattr(stage, name)
            if inspect.isfunction(found):
                yield f"{stage.__name__}.{name}", found
    for kind in (Study, Linking):
        for name, found in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{kind.__name__}.{name}", found


def inner() -> Iterator[tuple[str, Callable[..., Any]]]:
    """What the pages, commands and routes of the stages use without their roots."""
    for found in chain.from_iterable(
        pkgutil.walk_packages(stage.__path__, f"{stage.__name__}.") for stage in STAGES
    ):
        if {"page", "commands"} & set(found.name.split(".")) or found.name.endswith("component"):
            continue
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            # Those of ``access`` are what a ``Study`` can do.
            own = function.__module__ == found.name != "secure_storage.access"
            if own and not name.startswith("_") and is_act(function):
                yield f"{found.name}.{name}", function


def within(function: Callable[..., Any]) -> tuple[bool, list[Callable[..., Any]]]:
    """Whether a function asks itself, and which of our functions it mentions."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError):
        return False, []
    known = inspect.unwrap(function).__globals__
    owner = vars(inspect.getmodule(function) or object()).get(function.__qualname__.split(".")[0])
    asks, mentioned = False, []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asks = asks or node.func.attr in ASKS
        if isinstance(node, ast.Name):
            mentioned.append(known.get(node.id))
        elif isinstance(node, ast.Attribute):
            base: Any = None
            if isinstance(node.value, ast.Name):
                base = owner if node.value.id == "self" else known.get(node.value.id)
            elif isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
                base = known.get(node.value.func.id)
            if isinstance(base, type | types.ModuleType):
                mentioned.append(getattr(base, node.attr, None))
    mentioned += [one.__init__ for one in mentioned if isinstance(one, type)]
    ours = [
        inspect.unwrap(one) for one in mentioned
        if inspect.isfunction(one) and one.__module__.split(".")[0] in OURS
    ]  # fmt: skip
    return asks, ours


@cache
def is_act(function: Callable[..., Any]) -> bool:
    """Whether a function asks for a right or changes something, itself or by what it calls."""
    seen: set[Callable[..., Any]] = set()
    ahead = [function]
    while ahead:
        one = ahead.pop()
        if one in seen:
            continue
        seen.add(one)
        asks, mentioned = within(one)
        if asks:
            return True
        ahead.extend(mentioned)
    return False


def acts() -> dict[str, Callable[..., Any]]:
    """All acts by their name; one that several stages export stands under the first."""
    found: dict[str, Callable[..., Any]] = {}
    for name, function in chain(exported(), inner()):
        first = list(inspect.signature(function).parameters)[:1]
        if first in (["study"], ["self"]) and function not in found.values():
            found[name] = function
    return found


WHO: Mapping[str, frozenset[Role]] = {
    "read": frozenset({"lead", "coder", "reader"}),
    "comment": frozenset({"lead", "coder", "reader"}),
    "transcribe": frozenset({"lead", "coder"}),
    "code": frozenset({"lead", "coder"}),
    "theme": frozenset({"lead", "coder"}),
    "export": frozenset({"lead", "coder"}),
    "approve": frozenset({"lead", "coder"}),
    # Of the four here only the lead, who made the study, was given this permission.
    "release": frozenset({"lead"}),
    "members": frozenset({"lead"}),
    "audit": frozenset({"lead"}),
    "backup": frozenset({"lead"}),
    "erase": frozenset({"lead"}),
    # The lead who asks for it and the second person who confirms it.
    "part in erasing": frozenset({"lead", "coder"}),
    "linking": frozenset({"custodian"}),
    # What everybody may who is signed in: their own account, and what shows nothing.
    "signed in": frozenset({"lead", "coder", "reader", "custodian"}),
}
"""Which roles have a right. A second table beside that of the product, on purpose."""

ACTS: Mapping[str, str] = {
    "Linking.admit": "linking",
    "Linking.close": "signed in",
    "Linking.custodians": "linking",
    "Linking.destroy": "linking",
    "Linking.dismiss": "linking",
    "Linking.has_kit": "linking",
    "Linking.history": "linking",
    "Linking.make_kit": "linking",
    "Linking.note_opened": "linking",
    "Linking.people": "linking",
    "Linking.person": "linking",
    "Linking.publish": "linking",
    "Linking.published": "linking",
    "Linking.remove_person": "linking",
    "Linking.save_person": "linking",
    "Linking.save_seals": "linking",
    "Linking.tell_study": "linking",
    "Linking.verified": "linking",
    "Linking.withdraw": "linking",
    "Study.change": "signed in",
    "Study.change_passphrase": "signed in",
    "Study.change_role": "members",
    "Study.check_usable": "signed in",
    "Study.choose_passphrase": "signed in",
    "Study.close": "signed in",
    "Study.disable": "members",
    "Study.enable": "members",
    "Study.events": "read",
    "Study.head": "signed in",
    "Study.invite": "members",
    "Study.let_release": "members",
    "Study.members": "signed in",
    "Study.note": "signed in",
    "Study.opened": "read",
    "Study.recent_events": "read",
    "Study.remove": "members",
    "Study.require": "code",
    "coding.add_code": "code",
    "coding.clear_coding": "code",
    "coding.code": "read",
    "coding.coding_counts": "read",
    "coding.codings": "read",
    "coding.edit_code": "code",
    "coding.list_codes": "read",
    "coding.remove_code": "code",
    "coding.segment": "read",
    "coding.segment_text": "read",
    "coding.segments_of": "read",
    "coding.set_coding": "code",
    "secure_storage.approve_export": "approve",
    "secure_storage.ask_erasure": "erase",
    "secure_storage.cancel_erasure": "part in erasing",
    "secure_storage.carry_out_erasure": "part in erasing",
    "secure_storage.check_names": "read",
    "secure_storage.confirm_erasure": "approve",
    "secure_storage.continue_erasures": "signed in",
    "secure_storage.create_linking": "linking",
    "secure_storage.erasure_run": "signed in",
    "secure_storage.export_as_age": "release",
    "secure_storage.export_rules": "read",
    "secure_storage.find_theirs": "part in erasing",
    "secure_storage.forget_backups": "backup",
    "secure_storage.fresh_backup": "backup",
    "secure_storage.linking_state": "linking",
    "secure_storage.list_erasures": "part in erasing",
    "secure_storage.list_exports": "read",
    "secure_storage.list_imports": "read",
    "secure_storage.list_requests": "read",
    "secure_storage.make_archive": "erase",
    "secure_storage.make_kit": "members",
    "secure_storage.name_places": "read",
    "secure_storage.on_event": "read",
    "secure_storage.open_backup": "backup",
    "secure_storage.open_linking": "linking",
    "secure_storage.participants_to_erase": "part in erasing",
    "secure_storage.pseudonyms": "linking",
    "secure_storage.read_export": "release",
    "secure_storage.refuse_export": "approve",
    "secure_storage.request_export": "export",
    "secure_storage.rotate_keys": "members",
    "secure_storage.set_export_rules": "members",
    "secure_storage.start_erasure": "part in erasing",
    "secure_storage.stop_erasure": "part in erasing",
    "secure_storage.verify_chain": "read",
    "secure_storage.who_can_release": "signed in",
    "secure_storage.withdraw_request": "read",
    "secure_storage.audit.anchors.latest_anchor": "audit",
    "secure_storage.audit.log.journal": "audit",
    "secure_storage.audit.log.trace": "audit",
    "secure_storage.audit.running.check_of": "audit",
    "secure_storage.audit.running.quick_check": "audit",
    "secure_storage.audit.running.start_check": "audit",
    "secure_storage.audit.verify.restart_anchors": "audit",
    "secure_storage.audit.verify.verify_journal": "audit",
    "secure_storage.audit.verify.verify_study": "audit",
    "secure_storage.backup.restoring.drill": "backup",
    "secure_storage.closing.dates.set_study_dates": "members",
    "secure_storage.closing.dates.study_dates": "read",
    "secure_storage.closing.destroying.close_study": "erase",
    "secure_storage.closing.second.agreed": "read",
    "secure_storage.closing.second.needs_second": "read",
    "secure_storage.erasure.asking.require_part": "part in erasing",
    "secure_storage.ledger.given.open_export": "release",
    # Looks at the request first: who may depends on it, and ``approve_export`` asks.
    "secure_storage.ledger.release.release": "signed in",
    "secure_storage.ledger.requests.open_request": "read",
    "secure_storage.ledger.requests.sealed_request": "read",
    "secure_storage.ledger.showing.names_shown": "read",
    "secure_storage.ledger.route.offer_age": "release",
    "secure_storage.linking.doors.own_fingerprint": "linking",
    "secure_storage.linking.doors.recover_linking": "linking",
    "secure_storage.one_time_codes.propose": "signed in",
    "secure_storage.one_time_codes.switch_off": "signed in",
    "secure_storage.one_time_codes.switch_off_for": "members",
    "secure_storage.one_time_codes.switch_on": "signed in",
    "secure_storage.recovery.has_kit": "members",
    "secure_storage.study.verified_chain": "read",
    "themes.add_code": "theme",
    "themes.add_quote_to_theme": "theme",
    "themes.add_theme": "theme",
    "themes.edit_theme": "theme",
    "themes.excerpts_of_code": "read",
    "themes.excerpts_of_theme": "read",
    "themes.export_manuscript": "export",
    "themes.gather": "read",
    "themes.list_themes": "read",
    "themes.mark_quote": "theme",
    "themes.quotes": "read",
    "themes.remove_code": "theme",
    "themes.remove_quote": "theme",
    "themes.remove_quote_from_theme": "theme",
    "themes.remove_theme": "theme",
    "themes.set_quote_status": "theme",
    "themes.theme": "read",
    "themes.unmark_quote": "theme",
    "transcribe.add_attribute": "transcribe",
    "transcribe.add_participant": "transcribe",
    "transcribe.attributes": "read",
    "transcribe.edit_group": "transcribe",
    "transcribe.export_table_one": "export",
    "transcribe.gather_table_one": "read",
    "transcribe.grounds": "read",
    "transcribe.groups": "read",
    "transcribe.remove_attribute": "transcribe",
    "transcribe.questionnaire.saving.save_questionnaire": "transcribe",
    "transcribe.save_participants": "transcribe",
    "transcribe.set_grounds": "transcribe",
    "transcribe.set_table_one": "transcribe",
    "transcribe.table_one_settings": "read",
    "transcribe.add_recording": "transcribe",
    "transcribe.cancel_job": "transcribe",
    "transcribe.choose_transcript": "read",
    "transcribe.continue_jobs": "transcribe",
    "transcribe.discard_job": "transcribe",
    "transcribe.doubts": "read",
    "transcribe.export_transcript": "export",
    "transcribe.playing.playing": "read",
    "transcribe.store.media.media": "read",
    "transcribe.store.passes.approval": "read",
    "transcribe.store.passes.approve_transcript": "transcribe",
    "transcribe.store.passes.listening": "read",
    "transcribe.store.passes.mark_pass": "transcribe",
    "transcribe.store.passes.passes": "read",
    "transcribe.store.passes.unlock_transcript": "transcribe",
    "transcribe.store.passes.unmark_pass": "transcribe",
    "transcribe.store.aligning.attach_recording": "transcribe",
    "transcribe.store.aligning.place_sentences": "transcribe",
    "transcribe.export.gather_transcript": "read",
    "transcribe.where_it_stands": "read",
    "transcribe.edit_sentence": "transcribe",
    "transcribe.heard": "read",
    "transcribe.how_made": "read",
    "transcribe.jobs": "read",
    "transcribe.link_speaker": "transcribe",
    "transcribe.list_transcripts": "read",
    "transcribe.may": "signed in",
    "transcribe.participants": "read",
    "transcribe.recording": "read",
    "transcribe.recordings": "read",
    "transcribe.rename_speaker": "transcribe",
    "transcribe.resume_job": "transcribe",
    "transcribe.save_import": "transcribe",
    "transcribe.save_transcription": "transcribe",
    "transcribe.sentence": "read",
    "transcribe.sentences": "read",
    "transcribe.shown": "signed in",
    "transcribe.speakers": "read",
    "transcribe.set_study_defaults": "transcribe",
    "transcribe.start_job": "transcribe",
    "transcribe.start_jobs": "transcribe",
    "transcribe.study_defaults": "read",
    "transcribe.take_in": "transcribe",
    "transcribe.tend": "signed in",
    "transcribe.transcript": "read",
    "transcribe.words": "read",
    "coding.archiving.archive": "read",
    "coding.store.repairs.let_go": "code",
    "coding.store.repairs.reopen": "code",
    "coding.store.repairs.repair": "code",
    "coding.store.repairs.repairs": "read",
    "coding.store.segments.marked_quotes": "read",
    "themes.archiving.archive": "read",
    "themes.store.overview.progress": "read",
    "transcribe.archiving.archive": "read",
    "transcribe.inbox.import_inbox": "transcribe",
    "transcribe.inbox.inbox": "transcribe",
    "transcribe.intake.check_target": "transcribe",
    "transcribe.intake.drop_loose_files": "transcribe",
    "transcribe.intake.finish_files": "transcribe",
    "transcribe.intake.start_file": "transcribe",
    "transcribe.jobs.watch": "transcribe",
    "transcribe.line.settle": "transcribe",
    "transcribe.line.waiting": "transcribe",
    "transcribe.slurm_jobs.ask_slurm": "transcribe",
    "transcribe.sound_parts.sound_parts": "read",
    "transcribe.mark_question": "transcribe",
    "transcribe.question_marks": "read",
    "transcribe.questions": "read",
    "transcribe.save_guide": "transcribe",
    "transcribe.store.jobs.job": "read",
    "transcribe.store.jobs.job_key": "transcribe",
    "transcribe.store.jobs.jobs": "read",
    "transcribe.store.jobs.unfinished_jobs": "read",
    "transcribe.store.recordings.loose_files": "read",
    "transcribe.store.reassigning.assign_again": "transcribe",
    "transcribe.store.reassigning.can_assign_again": "read",
    "transcribe.store.speaking.give_speaker": "transcribe",
    "transcribe.store.speaking.merge_speakers": "transcribe",
    "transcribe.store.speaking.new_speaker": "transcribe",
    "transcribe.store.typed.start_typed": "transcribe",
    "transcribe.talking.samples_of": "read",
    "transcribe.talking.talk_of": "read",
    "transcribe.lines.all_lines": "read",
    "transcribe.lines.all_speakers": "read",
    "transcribe.lines.some_lines": "read",
    "transcribe.store.acting.acting": "transcribe",
    "transcribe.store.acting.is_locked": "read",
    "transcribe.store.acting.outcome": "read",
    "transcribe.store.acting.redo": "transcribe",
    "transcribe.store.acting.undo": "transcribe",
    "transcribe.store.acting.undo_state": "read",
    "transcribe.store.editing.correct": "transcribe",
    "transcribe.store.editing.merge_sentences": "transcribe",
    "transcribe.store.editing.split_sentence": "transcribe",
    "transcribe.store.editing.transcript_of": "read",
    "transcribe.store.lines.lines": "read",
    "transcribe.store.revisions.as_of": "read",
    "transcribe.store.revisions.history": "read",
    "transcribe.store.revisions.revisions": "read",
    "transcribe.store.rewriting.insert_sentence": "transcribe",
    "transcribe.store.rewriting.merge_turn": "transcribe",
    "transcribe.store.rewriting.remove_sentences": "transcribe",
    "transcribe.store.rewriting.replace_words": "transcribe",
    "transcribe.store.rewriting.set_times": "transcribe",
    "transcribe.store.rewriting.set_verbatim": "transcribe",
    "transcribe.store.rewriting.split_turn": "transcribe",
    "transcribe.store.lines.lines_around": "read",
    "Linking.originals": "linking",
    "secure_storage.name_finder": "read",
    "transcribe.store.deciding.add_identifier": "transcribe",
    "transcribe.store.deciding.add_term": "transcribe",
    "transcribe.store.deciding.choose_replacement": "transcribe",
    "transcribe.store.deciding.find_identifiers": "transcribe",
    "transcribe.store.deciding.forget_term": "transcribe",
    "transcribe.store.deciding.keep_identifiers": "transcribe",
    "transcribe.store.deciding.reopen_identifiers": "transcribe",
    "transcribe.store.deciding.identifiers": "read",
    "transcribe.store.deciding.registries": "read",
    "transcribe.store.elsewhere.named_elsewhere": "read",
    "secure_storage.cells_with": "read",
    "transcribe.store.deciding.replacements": "read",
    "transcribe.store.taking_out.note_sample": "transcribe",
    "transcribe.store.taking_out.replace_identifiers": "transcribe",
    "transcribe.store.taking_out.sentences_to_sample": "transcribe",
    "transcribe.store.taking_out.residual": "read",
    "transcribe.store.taking_out.silent_spans": "read",
    "transcribe.store.acting.acting_for_good": "transcribe",
    "transcribe.silenced_copy.export_silenced": "export",
}
"""Each act and the right it asks for."""


def made(kind: Any, name: str, folder: Path) -> Any:
    """Make an argument of a type; ids are those of things that are not there."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        # A right that differs between the roles, where a right is asked for.
        return "code" if "code" in inner else inner[0]
    if origin in (typing.Union, types.UnionType):
        return None if type(None) in inner else made(inner[0], name, folder)
    if isinstance(origin, type) and issubclass(origin, Callable):  # type: ignore[arg-type]
        return lambda *given: given[0] if given else None
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {}
    if isinstance(origin, type) and (origin is tuple or not issubclass(origin, type)):
        return ()
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        needed = [one.name for one in fields(kind) if one.default is MISSING]
        return kind(**{name: made(hints[name], name, folder) for name in needed})
    plain: dict[Any, Any] = {
        int: 9, float: 1.0, bool: False, bytes: b"made", type(None): None, Path: folder / "made",
        str: "read.made" if name == "action" else "made up words of twenty and more letters",
    }  # fmt: skip
    return plain[kind]


def arguments(function: Callable[..., Any], folder: Path) -> dict[str, Any]:
    """Make what a function needs besides the study."""
    known = inspect.unwrap(function).__globals__
    needed = list(inspect.signature(function).parameters.values())[1:]
    return {
        one.name: made(
            eval(one.annotation, known) if isinstance(one.annotation, str) else one.annotation,
            one.name,
            folder,
        )
        for one in needed if one.default is inspect.Parameter.empty
    }  # fmt: skip


def receiver(study: Study, function: Callable[..., Any]) -> Study | Linking:
    """Whose method it is; the open linking store is one that a role may have lost."""
    if getattr(Linking, function.__name__, None) is not function:
        return study
    keeper = unlock(study.home, "custodian", PASSPHRASE + "custodian")
    study.when_closed.append(keeper.close)
    there = linking_state(keeper).exists
    return Linking(study, (open_linking if there else create_linking)(keeper)._core)


def attempt(
    given: Study | Linking, function: Callable[..., Any], folder: Path
) -> BaseException | None:
    """Do it; what is refused for another reason than the role was allowed."""
    try:
        done = function(given, **arguments(function, folder))
        if hasattr(done, "__enter__"):
            with done as inside:
                if hasattr(inside, "record"):
                    inside.record("test.made", "test:1")
        elif inspect.isgenerator(done):
            list(done)
        elif hasattr(done, "abort"):
            done.abort()
        elif hasattr(done, "close") and done is not given:
            done.close()
    except (FokusError, OSError, LookupError) as error:
        return error
    return None


PASSPHRASE = "correct horse battery"
ROLES: tuple[Role, ...] = ("lead", "coder", "reader", "custodian")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    create_study(home, "Roles", "lead", PASSPHRASE, cost=FLOOR)
    study = unlock(home, "lead", PASSPHRASE)
    for role in ROLES[1:]:
        member = unlock(home, role, study.invite(role, role))
        member.choose_passphrase(PASSPHRASE + role)
        if role == "custodian":
            create_linking(member).close()
        member.close()
    study.close()
    return home


def test_every_act_has_its_row_and_every_row_its_act() -> None:
    assert sorted(ACTS) == sorted(acts())
    assert set(ACTS.values()) <= set(WHO)


def test_what_asks_for_a_right_is_seen_in_the_source() -> None:
    """What changes the study or shows its data asks; nobody forgot it."""
    found = acts()
    silent = {name for name in ACTS if ACTS[name] != "signed in" and not is_act(found[name])}
    assert not silent


def called(tree: ast.AST, name: str) -> list[ast.Call]:
    """Calls of a method of this name within some source."""
    return [
        one for one in ast.walk(tree)
        if isinstance(one, ast.Call) and getattr(one.func, "attr", "") == name
    ]  # fmt: skip


def test_who_asks_for_a_right_has_it_asked_for_again_when_the_writer_is_theirs() -> None:
    """A lead may take the right away while somebody waits; see ``Study.change``."""
    wrong = []
    for path in (path for stage in STAGES for path in Path(stage.__path__[0]).rglob("*.py")):
        for act in ast.walk(ast.parse(path.read_text())):
            if not isinstance(act, ast.FunctionDef):
                continue
            asked = {ast.unparse(one.args[0]) for one in called(act, "require") if one.args}
            for one in called(act, "change"):
                again = {ast.unparse(given) for given in one.args}
                # What has left goes on record, whatever its maker may by now.
                if act.name == "make_archive":
                    continue
                if asked and "core" not in ast.unparse(one.func) and not again & asked:
                    wrong.append(f"{path}:{one.lineno}")
    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_should_and_no_more(home: Path, tmp_path: Path, role: Role) -> None:
    passphrase = PASSPHRASE if role == "lead" else PASSPHRASE + role
    watcher, study = unlock(home, "lead", PASSPHRASE), unlock(home, role, passphrase)
    wrong = []
    for number, (name, function) in enumerate(acts().items()):
        if study.closed:
            study = unlock(home, role, passphrase)
        given = receiver(study, function)
        before = watcher._core.newest
        folder = tmp_path / str(number)
        folder.mkdir()
        error = attempt(given, function, folder)
        allowed = role in WHO[ACTS.get(name, "signed in")]
        if allowed == isinstance(error, NotAllowed):
            wrong.append(f"{name}: {type(error).__name__}: {error}")
        if not allowed and watcher._core.newest != before:
            wrong.append(f"{name}: refused, and yet something was written")
    study.close()
    watcher.close()
    assert not wrong, "\n".join(wrong)
