"""The receipt that lies beside an export: what left, and how to show later that it did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says of one export."""

    export_id: int
    file_name: str
    size: int
    sha256: str
    released_at: str
    released_by: str
    """Initials, as all people here."""
    asked_by: str
    approved_by: str
    """Empty where nobody had to approve."""
    purpose: str
    recipient: str
    names_checked: bool
    event: int
    """Number of the event in the journal."""
    words: str
    """``anchor_words`` of the journal's head after that event."""


def receipt_text(receipt: Receipt) -> str:
    """Write the receipt as plain text, a fact on each line."""
    facts = (
        ("Export", f"no. {receipt.export_id}"),
        ("File", receipt.file_name),
        ("Size", f"{receipt.size} bytes"),
        ("SHA-256", receipt.sha256),
        ("Released at", f"{receipt.released_at} (UTC)"),
        ("Released by", receipt.released_by),
        ("Asked for by", receipt.asked_by),
        ("Approved by", receipt.approved_by or "nobody: no second approval was needed"),
        ("Purpose", receipt.purpose or "not given"),
        ("Recipient", receipt.recipient or "not given"),
        ("Names", "checked" if receipt.names_checked else "not checked"),
        ("Journal", f"event {receipt.event}"),
        ("Anchor words", receipt.words),
    )
    # One line each, whatever was typed: no purpose may look like another fact.
    lines = [f"{name + ':':<14} {' '.join(value.split())}" for name, value in facts]
    return "\n".join(("Receipt of an export from Fokus", "", *lines, "", _HOW, ""))


_HOW = """\
How to check
1. sha256sum of the file gives the SHA-256 above, or it is another file.
2. The page Audit of the study lists the event of this number; the export's row holds
   the same SHA-256.
3. fokus verify --home STUDY shows that the journal was not changed since. Its anchor at
   this event has the twelve words above; keep this receipt on paper and the journal
   cannot be rewritten unnoticed."""
