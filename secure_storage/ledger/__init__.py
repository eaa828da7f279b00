"""What came in and what went out: the ledgers, and the one door out."""

from .age_files import export_as_age
from .decision import Rules, Verdict, Voice, decide, voice, why_second
from .entries import Export, Import, Request
from .given import export_rules, list_exports, open_export, read_export, set_export_rules
from .imports import list_imports, record_import
from .release import verdict_on
from .requests import (
    approve_export,
    list_requests,
    open_request,
    refuse_export,
    request_export,
    who_can_release,
    withdraw_request,
)
from .route import export_routes, offer_age
from .showing import NamePlace, names_shown

__all__ = [
    "Export",
    "Import",
    "NamePlace",
    "Request",
    "Rules",
    "Verdict",
    "Voice",
    "approve_export",
    "decide",
    "export_as_age",
    "export_routes",
    "export_rules",
    "list_exports",
    "list_imports",
    "list_requests",
    "names_shown",
    "offer_age",
    "open_export",
    "open_request",
    "read_export",
    "record_import",
    "refuse_export",
    "request_export",
    "set_export_rules",
    "verdict_on",
    "voice",
    "who_can_release",
    "why_second",
    "withdraw_request",
]
