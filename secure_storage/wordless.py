"""Keeps words out of what the server writes of its faults.

The message of an exception, and the source lines of a traceback, may carry what a person
typed or said. What is logged is its kind and where it happened, which is what a
maintainer needs first.
"""

import logging
import threading
import traceback
from pathlib import Path
from typing import Any, Final

DEEPEST: Final = 6


def log_without_words() -> None:
    """From now on no log record and no thread of this process writes an exception's words."""
    made = logging.getLogRecordFactory()

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        if record.exc_info and record.exc_info[1] is not None:
            fault = told(record.exc_info[1])
            # Arguments, and what asyncio adds below its first line, say the words once more.
            said = str(record.msg).split("%")[0].partition("\n")[0].strip()
            record.msg, record.args = f"{said}: {fault}", ()
        record.exc_info = record.exc_text = None
        return record

    def of_thread(fault: threading.ExceptHookArgs) -> None:
        if fault.exc_value is not None:
            logging.getLogger("fokus").error("a thread ended: %s", told(fault.exc_value))

    logging.setLogRecordFactory(factory)
    threading.excepthook = of_thread


def told(fault: BaseException) -> str:
    """Give the kind of an exception and where it came from, innermost place first."""
    frames = traceback.extract_tb(fault.__traceback__)[-DEEPEST:]
    places = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    return f"{type(fault).__name__} at {places or 'no place'}"
