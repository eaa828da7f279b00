"""How soon an open page is over: its socket cut, its running script stopped.

    python -m bench.cut [--rounds N]

On a real server a member's page runs a script that never ends by itself. Then the
member signs out, somebody locks the study, or a lead ends the member's access. Measured
from the answer to that act until the member's socket is closed, and until the script's
last sign of life.
"""

import argparse
import asyncio
import http.client
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg

from secure_storage import FLOOR, create_study, unlock

LIMIT = 1.0
PASSPHRASE = "a long enough bench phrase"
LEAD, MEMBER = "Ada Lead", "Bo Coder"
ROOT = Path(__file__).parent.parent

SERVER = """
import sys
from functools import partial
from pathlib import Path
import secure_storage
import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

def named(study):
    return next(one for one in study.members() if one.name == "Bo Coder")

def disable(request):
    study = secure_storage.study_of(request)
    study.disable(named(study).id)
    return PlainTextResponse("")

def enable(request):
    study = secure_storage.study_of(request)
    once = study.enable(named(study).id)
    member = secure_storage.unlock(study.home, "Bo Coder", once)
    member.choose_passphrase("a long enough bench phrase")
    member.close()
    return PlainTextResponse("")

def build(home):
    own = [Route("/api/" + one.__name__, one, methods=["POST"]) for one in (disable, enable)]
    gate = Middleware(secure_storage.Gate, home=home)
    secure_storage.assert_switches()
    return st.App(sys.argv[2], routes=[*secure_storage.gate_routes(home), *own], middleware=[gate])

home = Path(sys.argv[1])
secure_storage.serve(partial(build, home), home, int(sys.argv[3]))
"""
PAGE = """
import time
from pathlib import Path
import streamlit as st
from secure_storage import web_session
study = web_session(st.context.headers)
while True:
    study.head()
    st.text("working")
    Path("alive").write_text(repr(time.time()))
    time.sleep(0.01)
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    port: int
    folder: Path

    def post(self, path: str, cookie: str = "", **fields: str) -> str:
        """Send a form; gives the cookie that was set."""
        headers = {"origin": f"http://127.0.0.1:{self.port}", "x-fokus": "1", "cookie": cookie}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", path, urlencode(fields), headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 303), (path, answer.status)
            return (answer.getheader("set-cookie") or "").split(";")[0]
        finally:
            connection.close()

    def sign_in(self, name: str) -> str:
        """Sign in; gives the cookie."""
        return self.post("/sign-in", name=name, passphrase=PASSPHRASE)

    def alive_at(self) -> float:
        """When the script last showed life."""
        with suppress(FileNotFoundError, ValueError):
            return float((self.folder / "alive").read_text())
        return 0.0


async def measured(served: Served, way: str) -> tuple[float, float]:
    """Cut one working page; gives the seconds until its socket and its script are over."""
    cookie, lead = served.sign_in(MEMBER), served.sign_in(LEAD)
    async with websockets.connect(
        f"ws://127.0.0.1:{served.port}/_stcore/stream", max_size=None,
        subprotocols=[websockets.Subprotocol("streamlit"), websockets.Subprotocol("PLACEHOLDER")],
        additional_headers={"cookie": cookie},
        origin=websockets.Origin(f"http://127.0.0.1:{served.port}"),
    ) as page:  # fmt: skip
        message = BackMsg()
        message.rerun_script.query_string = ""
        await page.send(message.SerializeToString())
        begun = time.time()
        while served.alive_at() < begun:
            await page.recv()

        async def closed() -> float:
            with suppress(websockets.ConnectionClosed):
                while True:
                    await page.recv()
            return time.time()

        closing = asyncio.ensure_future(closed())
        act = {"sign-out": ("/sign-out", cookie), "lock": ("/lock", lead),
               "access ended": ("/api/disable", lead)}[way]  # fmt: skip
        await asyncio.to_thread(served.post, *act)
        done = time.time()
        socket_over = await closing - done
    last = served.alive_at()
    while True:
        await asyncio.sleep(0.5)
        if served.alive_at() == last:
            break
        last = served.alive_at()
    if way == "access ended":
        await asyncio.to_thread(served.post, "/api/enable", lead)
    return max(0.0, socket_over), max(0.0, last - done)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create_study(folder / "home", "Bench", LEAD, PASSPHRASE, cost=FLOOR)
        lead = unlock(folder / "home", LEAD, PASSPHRASE)
        member = unlock(folder / "home", MEMBER, lead.invite(MEMBER, "coder"))
        member.choose_passphrase(PASSPHRASE)
        member.close()
        lead.close()
        (folder / "page.py").write_text(PAGE)
        shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            served = Served(probe.getsockname()[1], folder)
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder / "home"), str(folder / "page.py"),
             str(served.port)], cwd=folder, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", served.port)):
                    break
                time.sleep(0.1)
            print("| ended by | rounds | socket, slowest s | script, slowest s | limit s |")
            print("|---|--:|--:|--:|--:|")
            for way in ("sign-out", "lock", "access ended"):
                seen = [asyncio.run(measured(served, way)) for _ in range(rounds)]
                sockets, scripts = (max(one) for one in zip(*seen, strict=True))
                good = good and max(sockets, scripts) <= LIMIT
                print(f"| {way} | {rounds} | {sockets:.2f} | {scripts:.2f} | {LIMIT:.0f} |")
        finally:
            process.terminate()
            process.wait(30)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
