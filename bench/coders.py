"""Many coders at once in one server: how long a write takes, and whether any is lost.

    python -m bench.coders [--coders N] [--writes N]

Every coder has a browser that sets and clears codings, each as soon as the last is
answered, and an open live connection that hears of everybody's. Clients and server
share this machine's cores, so the times are an upper bound.
"""

import argparse
import asyncio
import http.client
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import websockets

from bench.served import Browser, Desk, coding, kept, prepare, start

LIMIT_MS = 250.0


def listen(port: int, cookies: list[str], ready: Event, over: Event, heard: Connection) -> None:
    """Keep the live connections open and count what they tell; a process of its own."""

    async def one(cookie: str) -> int:
        count = 0
        address = f"ws://127.0.0.1:{port}/api/live"
        async with websockets.connect(
            address, additional_headers={"cookie": cookie}, max_queue=None,
            origin=websockets.Origin(f"http://127.0.0.1:{port}"),
        ) as live:  # fmt: skip
            await live.recv()
            opened.release()
            while True:
                try:
                    async with asyncio.timeout(2):
                        await live.recv()
                    count += 1
                except TimeoutError:
                    if over.is_set():
                        return count

    async def everybody() -> list[int]:
        asyncio.get_running_loop().create_task(all_open())
        return await asyncio.gather(*(one(cookie) for cookie in cookies))

    async def all_open() -> None:
        for _ in cookies:
            await opened.acquire()
        ready.set()

    opened = asyncio.Semaphore(0)
    heard.send(asyncio.run(everybody()))


def write(browser: Browser, desk: Desk, who: int, writes: int, times: list[float],
          told: list[str], errors: list[int]) -> None:  # fmt: skip
    """Set and clear codings, one after the other."""
    for number in range(writes):
        act = f"{who}-{number}"
        body = coding(desk, who * 7 + number // 2, not number % 2, act)
        began = time.perf_counter()
        try:
            status = browser.post("/api/coding", body)
        except (OSError, http.client.HTTPException):
            status = 0
        times.append(time.perf_counter() - began)
        (told.append(act) if status == 200 else errors.append(status))
    browser.close()


def processor_seconds(pid: int) -> float:
    """Read how long a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(coders: int, writes: int) -> tuple[list[str], bool]:
    """Run it; gives the cells of the table and whether all is as it must be."""
    times: list[float] = []
    told: list[str] = []
    errors: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        desk = prepare(Path(folder) / "home", coders)
        process, port = start(desk.home)
        try:
            browsers = [Browser(port, name) for name in desk.coders]
            for browser in browsers:
                browser.sign_in()
            context = multiprocessing.get_context("spawn")
            ready, over = context.Event(), context.Event()
            heard, telling = context.Pipe(duplex=False)
            cookies = [browser.cookie for browser in browsers]
            listener = context.Process(target=listen, args=(port, cookies, ready, over, telling))
            listener.start()
            ready.wait()
            threads = [
                threading.Thread(
                    target=write, args=(browser, desk, who, writes, times, told, errors)
                )
                for who, browser in enumerate(browsers)
            ]
            began, used = time.perf_counter(), processor_seconds(process.pid)
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - began
            used = processor_seconds(process.pid) - used
            over.set()
            heard_of = heard.recv()
            listener.join()
        finally:
            process.terminate()
            process.wait()
        there = Counter(kept(desk.home))
    lost = sum(1 for act in told if there[act] != 1)
    missed = sum(1 for count in heard_of if count < len(told))
    cuts = statistics.quantiles(times, n=100)
    cells = [str(coders), str(len(told)), str(lost), str(len(errors)), str(missed)]
    cells += [f"{cuts[at] * 1000:.0f}" for at in (49, 94, 98)]
    cells += [
        f"{max(times) * 1000:.0f}",
        f"{len(times) / seconds:.0f}",
        f"{used / len(times) * 1000:.1f}",
    ]
    return cells, not lost and not errors and not missed


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--coders", type=int, default=20)
    options.add_argument("--writes", type=int, default=500)
    given = options.parse_args()
    cells, good = run(given.coders, given.writes)
    print(
        "| coders | writes | lost | errors | live connections that missed something | p50 ms | "
        f"p95 ms | p99 ms (limit {LIMIT_MS:.0f}) | slowest ms | writes/s | "
        "server's processor ms a write |"
    )
    print("|" + "---|" * len(cells))
    print("| " + " | ".join(cells) + " |")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
