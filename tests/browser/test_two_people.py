"""An export asked for in one browser, agreed to in another, and there."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from playwright.sync_api import Page, expect

from secure_storage import FLOOR, create_study, unlock
from transcribe import Sentence, Transcription, Turn, save_transcription

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of each"
TALK = Transcription("en", (Turn("S1", (Sentence("Hands should stay.", 0.5, 1.5),)),))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Make a study of two members with a transcript."""
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    lead = unlock(home, "Ada", PASSPHRASE)
    once = lead.invite("Bo", "coder")
    coder = unlock(home, "Bo", once)
    coder.choose_passphrase(PASSPHRASE)
    save_transcription(lead, TALK, title="First group", group=1, recording_id=None)
    for member in (coder, lead):
        member.close()
    return home


def test_one_asks_another_agrees_and_the_file_is_there(
    serve: Callable[[Path], Any], built: Path, visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
) -> None:  # fmt: skip
    workbench = serve(built)
    ada, bo = visit(workbench), visit(workbench)
    sign_in(ada, "Ada", PASSPHRASE)
    ada.get_by_role("link", name="Export", exact=True).click()
    ada.get_by_label("What for").fill("Supplement")
    ada.get_by_label("For whom").fill("The journal")
    ada.get_by_role("button", name="Ask for the Word file").click()
    expect(ada.get_by_text("It leaves when one of these agrees: Bo")).to_be_visible()
    assert not list((built / "exports").iterdir())

    sign_in(bo, "Bo", PASSPHRASE)
    # Signed in before the page is asked for.
    expect(bo.get_by_role("heading", level=1)).to_be_visible()
    bo.goto("/exports")
    expect(bo.get_by_text("For whom: The journal")).to_be_visible()
    with bo.expect_download() as reviewed:
        bo.get_by_role("link", name="Read the file").click()
    bo.get_by_role("button", name="Approve and release").click()
    expect(bo.get_by_text("The file was released.")).to_be_visible()
    (file,) = (built / "exports").glob("*.docx")
    data = file.read_bytes()
    assert reviewed.value.path().read_bytes() == data
    receipt = (built / "exports" / (file.name + ".receipt.txt")).read_text()
    assert hashlib.sha256(data).hexdigest() in receipt

    ada.goto("/exports")
    with ada.expect_download() as fetched:
        ada.get_by_role("link", name="Fetch it as it is").click()
    assert fetched.value.path().read_bytes() == data
    key = pyrage.x25519.Identity.generate()
    ada.get_by_text("Fetch it as an age file").click()
    ada.get_by_role("textbox", name="Public keys").fill(str(key.to_public()))
    ada.get_by_role("button", name="Make the age file").click()
    with ada.expect_download() as sealed:
        ada.get_by_role("link", name="Fetch the age file").click()
    assert pyrage.decrypt(sealed.value.path().read_bytes(), [key]) == data
