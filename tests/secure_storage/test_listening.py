"""Where the server listens: a private socket, or loopback; by which names."""

import socket
from pathlib import Path

import pytest

from secure_storage import BadInput, FokusError, read_settings, where
from secure_storage.listening import listening, names_of
from secure_storage.settings import Settings


@pytest.fixture
def said(tmp_path: Path) -> Settings:
    return settings(tmp_path, f'socket = "{tmp_path}/run/study.sock"')


def settings(folder: Path, *lines: str) -> Settings:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / "fokus.toml").write_text("\n".join(["[serve]", *lines]))
    return read_settings(home)


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
    return True


def test_a_socket_is_its_owners_alone_and_goes_with_the_server(said: Settings) -> None:
    assert said.socket is not None
    with listening(said, 0):
        assert said.socket.stat().st_mode & 0o777 == 0o600
        assert said.socket.parent.stat().st_mode & 0o777 == 0o700
        assert answers(said.socket)
    assert not said.socket.exists()


def test_a_socket_that_a_killed_server_left_is_replaced(said: Settings) -> None:
    assert said.socket is not None
    said.socket.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(said.socket))
    with listening(said, 0):
        assert answers(said.socket)


def test_a_socket_on_which_somebody_listens_is_left_alone(said: Settings) -> None:
    assert said.socket is not None
    with listening(said, 0):
        with pytest.raises(FokusError, match="Another server listens"), listening(said, 0):
            pass
        assert answers(said.socket)


def test_another_file_in_the_place_is_left_alone(said: Settings) -> None:
    assert said.socket is not None
    said.socket.parent.mkdir(mode=0o700)
    said.socket.write_text("mine")
    with pytest.raises(FokusError, match="is no socket"), listening(said, 0):
        pass
    assert said.socket.read_text() == "mine"
    said.socket.unlink()
    said.socket.symlink_to("nowhere")
    with pytest.raises(FokusError, match="is no socket"), listening(said, 0):
        pass


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o711])
def test_a_folder_that_others_can_enter_is_refused(said: Settings, mode: int) -> None:
    assert said.socket is not None
    said.socket.parent.mkdir()
    said.socket.parent.chmod(mode)
    with pytest.raises(FokusError, match="can be entered by others"), listening(said, 0):
        pass
    assert not list(said.socket.parent.iterdir())


def test_too_long_a_path_is_told(tmp_path: Path) -> None:
    chosen = settings(tmp_path, f'socket = "{tmp_path}/{"x" * 120}"')
    with pytest.raises(FokusError, match="cannot be made"), listening(chosen, 0):
        pass


def test_a_port_is_of_loopback_alone(tmp_path: Path) -> None:
    with listening(settings(tmp_path), 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_number_that_is_no_port_is_told(tmp_path: Path, port: int) -> None:
    with pytest.raises(BadInput, match="0 to 65535"), listening(settings(tmp_path), port):
        pass


def test_names(tmp_path: Path) -> None:
    loopback = {"127.0.0.1", "localhost", "[::1]"}
    assert names_of(settings(tmp_path)) == loopback
    assert names_of(settings(tmp_path, 'names = ["Fokus.test"]')) == {*loopback, "fokus.test"}
    public = settings(tmp_path, 'names = ["fokus.test"]', "behind_tls = true")
    assert names_of(public) == {"fokus.test"}
    nameless = settings(tmp_path, "behind_tls = true")
    with pytest.raises(BadInput, match="names"), listening(nameless, 0):
        pass


def test_people_are_told_where_it_is(tmp_path: Path, said: Settings) -> None:
    assert "-L 8501:" in where(said, 8501) and str(said.socket) in where(said, 8501)
    assert "http://127.0.0.1:8501" in where(settings(tmp_path), 8501)
    public = settings(tmp_path, 'names = ["fokus.test"]', "behind_tls = true")
    assert "https://fokus.test" in where(public, 8501)
