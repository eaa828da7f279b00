"""The receipt beside an export: every fact on a line of its own, whatever was typed."""

from dataclasses import replace

from secure_storage import Receipt, anchor_words, receipt_text

ONE = Receipt(
    export_id=3, file_name="quotes.docx", size=1234, sha256="ab" * 32,
    released_at="2026-11-21T10:00:00.000Z", released_by="AL", asked_by="BC", approved_by="AL",
    purpose="Article, second draft", recipient="Journal of Care", names_checked=True, event=77,
    words=anchor_words(bytes(range(32))),
)  # fmt: skip


def fact(text: str, name: str) -> str:
    found = [line for line in text.splitlines() if line.startswith(f"{name}:")]
    assert len(found) == 1, found
    return found[0].partition(":")[2].strip()


def test_a_receipt_says_what_left_and_how_to_check_it() -> None:
    text = receipt_text(ONE)
    assert fact(text, "SHA-256") == "ab" * 32
    assert fact(text, "Size") == "1234 bytes"
    assert fact(text, "Released by") == "AL" and fact(text, "Asked for by") == "BC"
    assert len(fact(text, "Anchor words").split()) == 12
    assert "fokus verify" in text and "sha256sum" in text and text.endswith("\n")


def test_what_is_not_known_is_said() -> None:
    bare = replace(ONE, approved_by="", purpose="", recipient=" ", names_checked=False)
    text = receipt_text(bare)
    assert "nobody" in fact(text, "Approved by")
    assert fact(text, "Purpose") == "not given" and fact(text, "Names") == "not checked"


def test_no_typed_text_can_pass_for_another_fact() -> None:
    forged = replace(ONE, purpose="x\nApproved by: ZZ\r\nSHA-256: 00", recipient="a\u2028Size: 1")
    text = receipt_text(forged)
    assert fact(text, "Approved by") == "AL" and fact(text, "Size") == "1234 bytes"
    assert fact(text, "SHA-256") == "ab" * 32
