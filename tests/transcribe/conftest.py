"""A real study, its members and a little real sound."""

import importlib.util
import math
import struct
import warnings
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from secure_storage import FLOOR, Role, Study, create_study, unlock

PASSPHRASE = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A study whose lead is Ada."""
    folder = tmp_path / "home"
    create_study(folder, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    return folder


@pytest.fixture
def study(home: Path) -> Iterator[Study]:
    """The study as its lead sees it."""
    opened = unlock(home, "Ada", PASSPHRASE)
    yield opened
    opened.close()


@pytest.fixture
def sign_in(home: Path, study: Study) -> Iterator[Callable[[str, Role], Study]]:
    """Invite somebody and sign them in."""
    opened: list[Study] = []

    def enter(name: str, role: Role) -> Study:
        once = study.invite(name, role)
        member = unlock(home, name, once)
        member.change_passphrase(once, PASSPHRASE)
        opened.append(member)
        return member

    yield enter
    for member in opened:
        member.close()


@pytest.fixture
def tone(tmp_path: Path) -> Callable[..., Path]:
    """Write a WAV file of one tone."""

    def write(name: str = "talk.wav", *, seconds: float = 2.0, hertz: float = 440.0) -> Path:
        path = tmp_path / name
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            turn = 2 * math.pi * hertz / 16_000
            out.writeframes(
                b"".join(
                    struct.pack("<h", int(9000 * math.sin(turn * n)))
                    for n in range(int(seconds * 16_000))
                )
            )
        return path

    return write


@pytest.fixture(scope="session")
def spoken_wav() -> Path:
    """Thirty seconds of two people on a telephone, out of the pyannote.audio package."""
    found = importlib.util.find_spec("pyannote.audio")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "sample" / "sample.wav"


@pytest.fixture(scope="session")
def scripted_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a real Whisper checkpoint that says the same pieces in every window.

    Only its token and position embeddings are not zero: the position says which token comes
    next. So the whole of openai-whisper runs, in milliseconds, and its text is known.
    """

    def make(*pieces: tuple[float, str, float], size: float = 6.0, context: int = 48) -> Path:
        import torch
        from whisper.model import ModelDimensions, Whisper
        from whisper.tokenizer import get_tokenizer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves its file open
            tokenizer = get_tokenizer(multilingual=False)
        script: list[int] = []
        for start, text, end in pieces:
            script.append(tokenizer.timestamp_begin + round(start * 50))
            script += tokenizer.encode(" " + text)
            script.append(tokenizer.timestamp_begin + round(end * 50))
        script.append(tokenizer.eot)
        state = 64
        dims = ModelDimensions(80, 1500, state, 2, 1, 51864, context, state, 2, 1)
        torch.manual_seed(0)
        model = Whisper(dims)
        for name, weights in model.named_parameters():
            if name.startswith("decoder") and (".out." in name or ".mlp.2" in name):
                torch.nn.init.zeros_(weights)
        tokens = torch.nn.functional.normalize(torch.randn(51864, state), dim=1) * size
        places = torch.zeros(context, state)
        for place, token in enumerate(script):
            places[place] = tokens[token] * 100
        model.decoder.token_embedding.weight.data = tokens
        model.decoder.positional_embedding.data = places
        path = tmp_path_factory.mktemp("models") / "scripted.pt"
        torch.save({"dims": vars(dims), "model_state_dict": model.state_dict()}, path)
        return path

    return make


class ToldEngine:
    """An engine that writes what a test tells it, to see what is asked of it."""

    name = "told"
    english_only = False
    mel_bands = 80

    def __init__(
        self, says: Callable[..., Any], *, fits: int = 99, largest_batch: int = 4,
        votes: Callable[[int], Mapping[str, float]] = lambda row: {"en": 1.0},
    ) -> None:  # fmt: skip
        self.largest_batch = largest_batch
        self.asked: list[Any] = []
        self.encoded: list[int] = []
        self._says, self._fits, self._votes = says, fits, votes

    def tokenizer(self, language: str, translate: bool = False) -> Any:
        from whisper.tokenizer import get_tokenizer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves its file open
            return get_tokenizer(multilingual=False)

    def encode(self, spectrograms: Any) -> Any:
        from transcribe.recognise.engine import OutOfMemory

        if len(spectrograms) > self._fits:
            raise OutOfMemory
        self.encoded.append(len(spectrograms))
        return spectrograms

    def rows(self, features: Any, rows: Sequence[int]) -> Any:
        return features[list(rows)]

    def languages(self, features: Any) -> list[Mapping[str, float]]:
        return [self._votes(row) for row in range(len(features))]

    def decode(self, features: Any, ask: Any) -> list[Any]:
        self.asked.append(ask)
        return [self._says(ask, row) for row in features]

    def align(self, features: Any, texts: Any, seconds: Any, ask: Any) -> list[Any]:
        from transcribe.recognise.engine import WordTiming

        assert len(features) == len(texts) == len(seconds)
        words = self.tokenizer("en")
        return [[WordTiming(words.decode(list(text)), 0.0, 1.0, 0.9)] for text in texts]


@pytest.fixture
def told_engine() -> type[ToldEngine]:
    """The class of engines that write what a test tells them."""
    return ToldEngine


class Mortal:
    """Checkpoints that survive; the machine may die when one is to be written."""

    def __init__(self, most: int = 1000) -> None:
        self.data: dict[str, bytes] = {}
        self.most = most

    def get(self, name: str) -> bytes | None:
        return self.data.get(name)

    def put(self, name: str, data: bytes) -> None:
        if len(self.data) == self.most:
            raise InterruptedError
        self.data[name] = data


@pytest.fixture(scope="session")
def mortal() -> type[Mortal]:
    """Make checkpoints that keep ``most`` and then raise InterruptedError."""
    return Mortal
