"""The pages of this stage."""

from .audit import audit_page
from .backups import dates_notice
from .custodian import custodian_page
from .erasure import erasure_page
from .exports import exports_page
from .members import members_page
from .way_out import signed_in, way_out

__all__ = [
    "audit_page",
    "custodian_page",
    "dates_notice",
    "erasure_page",
    "exports_page",
    "members_page",
    "signed_in",
    "way_out",
]
