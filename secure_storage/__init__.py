"""Secure storage: the study, its keys and members, its journal, and its doors."""

from . import database as _database  # noqa: F401  (first: it makes sqlite-utils use SQLCipher)
from .audio_route import audio_routes
from .audit.anchors import anchor_now
from .audit.receipt import Receipt, receipt_text
from .audit.words import anchor_words
from .backup import (
    Backup,
    backups,
    forget_backups,
    fresh_backup,
    last_expiry,
    open_backup,
)
from .change import Change
from .commands import Check, add_commands, doctor, read_passphrase
from .container import SealedReader, new_key, seal
from .errors import (
    BackupFailed,
    BadInput,
    DamagedFile,
    DiskFull,
    FokusError,
    NotAllowed,
    NotSignedIn,
    Repeated,
    StaleWrite,
    StorageAway,
    StudyBusy,
    StudyExists,
    StudyMissing,
    UnrecordedChange,
    WrongPassphrase,
)
from .events import ChainCheck, Event
from .files import Files, FileWriter, StoredFile
from .foreign import (
    Limits,
    expect,
    guarded,
    open_archive,
    open_foreign,
    read_xml,
    shred,
    still_alive,
)
from .gate import Gate
from .keys import COST, FLOOR, Cost
from .ledger import (
    Export,
    Import,
    Request,
    Rules,
    approve_export,
    export_as_age,
    export_routes,
    export_rules,
    list_exports,
    list_imports,
    list_requests,
    read_export,
    record_import,
    refuse_export,
    request_export,
    set_export_rules,
    who_can_release,
    withdraw_request,
)
from .linking import Linking, Person, create_linking, linking_state, open_linking, pseudonyms
from .listening import where
from .lock import held
from .members import ROLES, Member, Right, Role
from .names import NameCheck
from .names import check as check_names
from .names import places as name_places
from .recovery import Kit, make_kit, new_kit, read_kit, recover
from .serve import assert_switches, serve, setup_code
from .sessions import study_of, web_session
from .settings import read_settings
from .signin import gate_routes
from .study import Study, create_study, on_event, unlock, verify_chain

__all__ = [
    "Linking",
    "NameCheck",
    "Person",
    "check_names",
    "create_linking",
    "linking_state",
    "name_places",
    "open_linking",
    "pseudonyms",
    "Kit",
    "make_kit",
    "new_kit",
    "read_kit",
    "recover",
    "Receipt",
    "anchor_now",
    "anchor_words",
    "receipt_text",
    "COST",
    "web_session",
    "read_settings",
    "setup_code",
    "where",
    "Limits",
    "expect",
    "guarded",
    "open_archive",
    "read_xml",
    "still_alive",
    "add_commands",
    "study_of",
    "serve",
    "read_passphrase",
    "gate_routes",
    "doctor",
    "audio_routes",
    "assert_switches",
    "Gate",
    "Check",
    "FLOOR",
    "ROLES",
    "Backup",
    "BackupFailed",
    "backups",
    "forget_backups",
    "fresh_backup",
    "last_expiry",
    "open_backup",
    "BadInput",
    "ChainCheck",
    "Change",
    "Cost",
    "DamagedFile",
    "DiskFull",
    "Event",
    "FileWriter",
    "Files",
    "FokusError",
    "Member",
    "NotAllowed",
    "NotSignedIn",
    "Repeated",
    "Right",
    "Role",
    "SealedReader",
    "StaleWrite",
    "StorageAway",
    "StoredFile",
    "Study",
    "StudyBusy",
    "StudyExists",
    "StudyMissing",
    "UnrecordedChange",
    "WrongPassphrase",
    "create_study",
    "held",
    "new_key",
    "on_event",
    "open_foreign",
    "Export",
    "Import",
    "Request",
    "Rules",
    "NameCheck",
    "approve_export",
    "check_names",
    "export_as_age",
    "export_routes",
    "export_rules",
    "list_exports",
    "list_imports",
    "list_requests",
    "read_export",
    "record_import",
    "refuse_export",
    "request_export",
    "set_export_rules",
    "who_can_release",
    "withdraw_request",
    "seal",
    "shred",
    "unlock",
    "verify_chain",
]
