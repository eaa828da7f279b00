"""Faults are logged by kind and place, never in their words."""

import subprocess
import sys

CODE = """
import asyncio, logging, threading
from secure_storage.wordless import log_without_words
logging.basicConfig(format="%(levelname)s %(message)s")
log_without_words()

def fails():
    raise ValueError("words of a participant")

try:
    fails()
except ValueError as error:
    logging.getLogger("a").exception("something %s went wrong", error)
    logging.getLogger("b").error("plainly %s", "said")
thread = threading.Thread(target=fails)
thread.start()
thread.join()

async def main():
    asyncio.get_running_loop().call_soon(fails)
    task = asyncio.ensure_future(asyncio.to_thread(fails))
    await asyncio.wait([task])
    del task
    await asyncio.sleep(0)

asyncio.run(main())
"""


def test_what_is_logged_of_a_fault_carries_no_words() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout == "" and "participant" not in done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("ERROR something: ValueError at <string>:")
    assert lines[1] == "ERROR plainly said"
    assert lines[2].startswith("ERROR a thread ended: ValueError at <string>:")
    assert "ValueError at <string>:" in lines[3]
    assert "ValueError at <string>:" in lines[4] and len(lines) == 5
