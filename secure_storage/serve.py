"""Our own launcher: one process, one port, loopback, nothing logged that names anything.

``streamlit run`` cannot be gated and leaves Nagle's algorithm on, which costs 44 ms an
answer: asyncio switches it off only for sockets made with an explicit protocol.
"""

import errno
import logging
import os
import resource
import socket
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from starlette.types import ASGIApp

from .disk import private_folder
from .errors import FokusError
from .hosts import LOOPBACK, Hosts
from .lock import held

SWITCHES: Final[Mapping[str, object]] = MappingProxyType(
    {
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.disableDataExport": True,
        "client.toolbarMode": "minimal",
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableAgentApi": False,
        "server.fileWatcherType": "none",
        "server.trustedUserHeaders": {"X-Fokus-Session": "session"},
    }
)
"""What Streamlit must be told so that it opens no door of its own."""


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


def serve(
    make_app: Callable[[], ASGIApp], home: Path, port: int, host: str = "127.0.0.1",
    names: Collection[str] = LOOPBACK,
) -> None:  # fmt: skip
    """Serve the app until it is stopped; holds the study against other processes.

    Only requests that call the server by one of ``names`` are answered.
    """
    import uvicorn

    os.umask(0o077)
    # A core file would hold the keys.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    private_folder(home)
    with held(home), _listening(host, port) as listener:
        # Streamlit attaches a handler of its own to this logger; addresses hold ids.
        logging.getLogger("uvicorn.access").addFilter(lambda record: False)
        config = uvicorn.Config(
            Hosts(make_app(), names), access_log=False, log_level="warning", ws="websockets-sansio",
            ws_max_size=16 * 2**20, ws_ping_interval=30, ws_ping_timeout=30,
            timeout_graceful_shutdown=5, server_header=False,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise FokusError(
                f"Port {port} is in use by another program. Choose another with --port."
            ) from None
        raise
    return listener
