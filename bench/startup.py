"""How long a person waits: start to sign-in page, sign-in to study page, the demo build.

    python -m bench.startup [--runs N] [--demo]

Prints medians in seconds beside the limits. The sign-in is done in headless Chromium.
The times are of this machine at this moment; compare runs made side by side only.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
LIMITS = {"start to sign-in page": 3.0, "sign-in to study page": 2.0, "demo --no-serve": 180.0}
PASSPHRASE = "a long enough bench phrase"


def free_port() -> int:
    """Find a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(home: Path) -> tuple["subprocess.Popen[bytes]", str, float]:
    """Serve a home; give the process, its address and the seconds to its sign-in page."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    began = time.perf_counter()
    process = subprocess.Popen(
        [*FOKUS, "serve", "--home", str(home), "--port", str(port)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while True:
        try:
            page = urllib.request.Request(address, headers={"Accept": "text/html"})
            with urllib.request.urlopen(page, timeout=5) as answer:
                answer.read()
            return process, address, time.perf_counter() - began
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                raise
            time.sleep(0.02)


def sign_in(page: Page, address: str) -> float:
    """Sign the lead in and wait until the study page is drawn; seconds from the click."""
    page.goto(address)
    page.get_by_label("Name").fill("Bench")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    began = time.perf_counter()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1).wait_for()
    return time.perf_counter() - began


def run_once(page: Page, home: Path) -> tuple[float, float]:
    """One start and one sign-in."""
    process, address, started = start(home)
    try:
        return started, sign_in(page, address)
    finally:
        process.terminate()
        process.wait()


def demo_build() -> float:
    """Seconds of ``fokus demo --no-serve`` in a fresh home."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [*FOKUS, "demo", "--no-serve", "--home", str(Path(folder) / "demo")],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--demo", action="store_true", help="also build the demo study")
    chosen = options.parse_args()
    from secure_storage import create_study

    figures: dict[str, list[float]] = {name: [] for name in LIMITS}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "study"
        create_study(home, "Bench", "Bench", PASSPHRASE)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for _ in range(chosen.runs):
            page = browser.new_context().new_page()
            started, signed = run_once(page, home)
            figures["start to sign-in page"].append(started)
            figures["sign-in to study page"].append(signed)
        browser.close()
    if chosen.demo:
        figures["demo --no-serve"].append(demo_build())
    print("| what | median s | worst s | limit s |\n|---|--:|--:|--:|")
    for name, values in figures.items():
        if values:
            middle, worst = statistics.median(values), max(values)
            print(f"| {name} | {middle:.1f} | {worst:.1f} | {LIMITS[name]:.0f} |")


if __name__ == "__main__":
    main()
