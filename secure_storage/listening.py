"""Where the server listens: a port of 127.0.0.1, or a socket in a folder of its own.

Every user of a machine reaches its loopback ports; a socket in a private folder is
reached by its owner alone. No other address is ever offered: people elsewhere come
through a proxy that speaks TLS, or through ssh.
"""

import errno
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .disk import private_folder
from .errors import BadInput, FokusError
from .hosts import LOOPBACK
from .settings import Settings


def names_of(settings: Settings) -> frozenset[str]:
    """Give the names the server answers to: behind TLS no others than the public ones."""
    if not settings.behind_tls:
        return LOOPBACK | frozenset(settings.names)
    if not settings.names:
        raise BadInput(
            "fokus.toml says behind_tls but gives no names: add the name that browsers call, "
            'for example names = ["fokus.example.org"].'
        )
    return frozenset(settings.names)


def where(settings: Settings, port: int) -> str:
    """Say, for people, where the workbench is found."""
    if settings.behind_tls:
        named = " or ".join(f"https://{name}" for name in sorted(names_of(settings)))
        through = settings.socket or f"127.0.0.1:{port}"
        return f"open {named} in a browser; its proxy passes on to {through}."
    if settings.socket:
        return (
            f"it listens on {settings.socket}. On your own machine run\n"
            f"  ssh -L {port}:{settings.socket} THIS-MACHINE\n"
            f"and open http://127.0.0.1:{port} in a browser there."
        )
    return f"open http://127.0.0.1:{port} in a browser on this machine."


@contextmanager
def listening(settings: Settings, port: int) -> Iterator[socket.socket]:
    """Listen where the settings say, for a block."""
    names_of(settings)
    if settings.socket is None:
        with _on_port(port) as listener:
            yield listener
        return
    path = settings.socket
    with _on_path(path) as listener:
        made = path.stat().st_ino
        try:
            yield listener
        finally:
            # Unless somebody put another in its place.
            if path.is_socket() and path.stat().st_ino == made:
                path.unlink()


def _on_port(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise BadInput("A port is a number from 0 to 65535, 8501 for example.")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return _ready(listener)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise FokusError(
                f"Port {port} is in use by another program. Choose another with --port."
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise FokusError(
                f"Port {port} is for the system's own programs. Choose one above 1023 with --port."
            ) from None
        raise


def _on_path(path: Path) -> socket.socket:
    private_folder(path.parent)
    if stat.S_IMODE(path.parent.stat().st_mode) & 0o077:
        raise FokusError(
            f"The folder of the socket, {path.parent}, can be entered by others. Take their "
            f"access away (chmod 700 {path.parent}) or name a folder of its own."
        )
    _make_room(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        return _ready(listener)
    except OSError as error:
        listener.close()
        raise FokusError(f"The socket {path} cannot be made: {error.strerror or error}.") from None


def _make_room(path: Path) -> None:
    """Remove a socket that a killed server left; one that answers, or another file, stays."""
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_socket():
        raise FokusError(f"{path} is there and is no socket. Name another in fokus.toml.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise FokusError(f"Another server listens on {path} already. Stop it first.")


def _ready(listener: socket.socket) -> socket.socket:
    listener.listen(2048)
    listener.setblocking(False)
    return listener
