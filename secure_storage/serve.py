"""Our own launcher: one process, one socket, nothing logged that names anything.

``streamlit run`` cannot be gated and leaves Nagle's algorithm on, which costs 44 ms an
answer: asyncio switches it off only for sockets made with an explicit protocol.
"""

import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from starlette.types import ASGIApp

from .disk import private_folder
from .errors import FokusError
from .foreign import hide_memory
from .hosts import Hosts
from .listening import listening, names_of
from .lock import held
from .sessions import sessions_of
from .settings import read_settings
from .wordless import log_without_words

SWITCHES: Final[Mapping[str, object]] = MappingProxyType(
    {
        "browser.gatherUsageStats": False,
        "client.allowedOrigins": [],
        "client.disableDataExport": True,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "global.developmentMode": False,
        "logger.enableRich": False,
        "logger.level": "error",
        "runner.magicEnabled": False,
        "server.baseUrlPath": "",
        "server.corsAllowedOrigins": [],
        "server.disconnectedSessionTTL": 30,
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 5,
        "server.scriptHealthCheckEnabled": False,
        "server.trustedUserHeaders": {"X-Fokus-Session": "session"},
        "server.unsafeMetricsUserAttributes": [],
    }
)
"""What Streamlit must be told so that it opens no door of its own.

Hosts are not among them: which names are ours, hosts.py asks before Streamlit is reached.
"""


def wrong_switches() -> list[str]:
    """Name the switches that are not as they must be."""
    from streamlit import config

    # Streamlit looks for .streamlit/config.toml beside its script, which it learns only
    # with st.App; asked earlier it would keep the answers of the current folder.
    if config._main_script_path is None:
        config._main_script_path = str(Path(__file__).parents[1] / "app.py")
    config.get_config_options(force_reparse=True)
    return [name for name, value in SWITCHES.items() if config.get_option(name) != value]


def assert_switches() -> None:
    """Refuse to start with Streamlit's switches set otherwise."""
    if wrong := wrong_switches():
        raise FokusError(
            f"Streamlit is not set up safely ({', '.join(wrong)}). Restore the file "
            ".streamlit/config.toml of Fokus, and remove other Streamlit settings of yours "
            "(~/.streamlit/config.toml, STREAMLIT_… variables)."
        )


def serve(make_app: Callable[[], ASGIApp], home: Path, port: int) -> None:
    """Serve the app until it is stopped; holds the study against other processes.

    Where, and by which names it may be called, ``fokus.toml`` of the home says.
    """
    import uvicorn

    os.umask(0o077)
    # A core file would hold the keys, and so does the memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hide_memory()
    log_without_words()
    # The server passes the signal on when it is done: then end in order, not by default.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    private_folder(home)
    settings = read_settings(home)
    with held(home), listening(settings, port) as listener:
        # Streamlit attaches a handler of its own to this logger; addresses hold ids.
        logging.getLogger("uvicorn.access").addFilter(lambda record: False)
        config = uvicorn.Config(
            Hosts(make_app(), names_of(settings)), access_log=False, log_level="warning",
            ws="websockets-sansio", ws_max_size=16 * 2**20, ws_ping_interval=30,
            ws_ping_timeout=30, timeout_graceful_shutdown=5, server_header=False,
            proxy_headers=False,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listener])


def setup_code(home: Path) -> str | None:
    """Give the code that the first page of an empty home asks for; None once there is a study.

    Only whoever started the server may make the study, not any user of the machine.
    """
    if (home / "study.json").exists():
        return None
    return sessions_of(home).setup_code
