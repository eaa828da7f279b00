"""The pages that show a secret once: who gets them, what they show, what they leave."""

import base64
import html
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from secure_storage import (
    Gate,
    Role,
    Study,
    WrongPassphrase,
    gate_routes,
    keys,
    one_time_codes,
    recover,
    rotate_keys,
    unlock,
)
from secure_storage.recovery import has_kit, make_kit, read_kit

BASE = "http://127.0.0.1:8501"
LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]
SAME = {"origin": BASE}


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    app = Starlette(routes=gate_routes(home), middleware=[Middleware(Gate, home=home)])
    with TestClient(app, BASE, follow_redirects=False) as client:
        yield client


def enter(client: TestClient, name: str = LEAD, passphrase: str = PASSPHRASE) -> None:
    sign = {"name": name, "passphrase": passphrase}
    assert client.post("/sign-in", data=sign, headers=SAME).headers["location"] == "/"


def code(secret: str, steps: int = 0) -> str:
    now = int(time.time()) + steps * 30
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(now).decode()


@pytest.mark.parametrize("path", ["/recovery-kit", "/one-time-codes"])
def test_nobody_gets_them_without_a_session(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.post(path, headers=SAME).status_code == 401
    page = client.get(path, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")


def test_the_kit_is_shown_once_and_opens_the_study(client: TestClient, study: Study) -> None:
    enter(client)
    asked = client.get("/recovery-kit")
    assert "no kit yet" in asked.text and "<code>" not in asked.text
    assert not has_kit(study)
    assert client.post("/recovery-kit").status_code == 403, "not without an origin of ours"
    for wrong in ("", "wrong wrong wrong"):
        refused = client.post("/recovery-kit", data={"passphrase": wrong}, headers=SAME)
        assert refused.status_code == 403 and 'role="alert"' in refused.text
        assert "<code>" not in refused.text and not has_kit(study)
    assert study.recent_events(1)[0].action == "read.signin_failed"
    made = client.post("/recovery-kit", data={"passphrase": PASSPHRASE}, headers=SAME)
    groups = re.findall(r"<li><code>([A-Z2-7]{7})</code></li>", made.text)
    assert len(groups) == 8 and study.title in made.text
    assert "no-store" in made.headers["cache-control"]
    assert "script" not in made.text
    again = client.get("/recovery-kit")
    assert "There is a kit already" in again.text and groups[0] not in again.text
    assert recover(study.home, " ".join(groups), LEAD)


def test_guesses_for_the_kit_count(client: TestClient, study: Study) -> None:
    enter(client)
    guess = {"passphrase": "wrong wrong wrong"}
    answers = [client.post("/recovery-kit", data=guess, headers=SAME) for _ in range(5)]
    assert answers[0].status_code == 403 and answers[-1].status_code == 429
    held_up = client.post("/recovery-kit", data={"passphrase": PASSPHRASE}, headers=SAME)
    assert held_up.status_code == 429 and not has_kit(study)


def test_only_a_lead_gets_a_kit(client: TestClient, study: Study, join: Join) -> None:
    for role in ("coder", "reader", "custodian"):
        name = f"Some {role}"
        join(name, role)
        enter(client, name, f"the own words of {name}")
        for answer in (client.get("/recovery-kit"), client.post("/recovery-kit", headers=SAME)):
            assert answer.status_code == 403 and "manage members" in answer.text
            assert "<code>" not in answer.text
    assert not has_kit(study)


def test_codes_are_switched_on_and_off(client: TestClient, study: Study) -> None:
    enter(client)
    shown = client.get("/one-time-codes")
    assert "<svg" in shown.text and "style=" not in shown.text
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", shown.text)
    assert found is not None
    secret = found[1].replace(" ", "")
    assert client.get("/one-time-codes").text == shown.text, "a reload shows the same secret"

    wrong = client.post("/one-time-codes", data={"code": "12"}, headers=SAME)
    assert wrong.status_code == 400 and "does not fit" in wrong.text and found[1] in wrong.text
    on = client.post("/one-time-codes", data={"code": code(secret)}, headers=SAME)
    assert on.headers["location"] == "/members" and study.member.uses_codes
    with pytest.raises(WrongPassphrase):
        unlock(study.home, LEAD, PASSPHRASE)

    asked = client.get("/one-time-codes")
    assert secret[:4] not in asked.text and "Switch off" in asked.text
    wrong = client.post("/one-time-codes", data={"code": "12"}, headers=SAME)
    assert wrong.status_code == 400 and "does not fit" in html.unescape(wrong.text)
    off = client.post("/one-time-codes", data={"code": code(secret, 1)}, headers=SAME)
    assert off.status_code == 303 and not study.member.uses_codes


def test_codes_cannot_be_guessed_off_from_a_browser_left_open(
    client: TestClient, study: Study
) -> None:
    enter(client)
    secret = one_time_codes.propose(study).secret
    one_time_codes.switch_on(study, code(secret, -1))
    answers = [
        client.post("/one-time-codes", data={"code": f"{number:06}"}, headers=SAME).status_code
        for number in range(5)
    ]
    assert answers == [400, 400, 400, 429, 429] and study.member.uses_codes
    failed = [one.object for one in study.events() if one.action == "read.signin_failed"]
    assert failed == ["member:1"] * 3
    right = client.post("/one-time-codes", data={"code": code(secret)}, headers=SAME)
    assert right.status_code == 429 and "Wait" in right.text


def test_an_old_kit_is_told_to_open_until_the_keys_are_changed(
    client: TestClient, study: Study
) -> None:
    old, before = make_kit(study), study._core.header
    make_kit(study)
    assert keys.open_with_kit(before, read_kit(old)) == study._core.root
    enter(client)
    said = client.get("/recovery-kit").text
    assert "opens nothing" not in said
    assert "until its keys are changed" in said and 'href="/members"' in said
    rotate_keys(study)
    assert keys.open_with_kit(before, read_kit(old)) != study._core.root


def test_the_sign_in_form_takes_the_code(client: TestClient, study: Study) -> None:
    secret = one_time_codes.propose(study).secret
    one_time_codes.switch_on(study, code(secret, -1))
    sign = {"name": LEAD, "passphrase": PASSPHRASE}
    refused = client.post("/sign-in", data=sign, headers=SAME)
    assert refused.status_code == 403
    sign["code"] = f" {code(secret)} "
    assert client.post("/sign-in", data=sign, headers=SAME).headers["location"] == "/"


def test_who_has_a_one_time_passphrase_sees_neither(client: TestClient, study: Study) -> None:
    once = study.invite("Bo Coder", "coder")
    enter(client, "Bo Coder", once)
    for path in ("/recovery-kit", "/one-time-codes"):
        page = client.get(path, headers={"accept": "text/html"})
        assert page.headers["location"] == "/passphrase"
