"""What a worker keeps in memory from one recording to the next."""

from .models import ModelFile
from .options import TranscribeOptions
from .recognise import Engine, load_engine


class Loaded:
    """The recogniser that was used last: recordings in a row mostly want the same one.

    Loaded when the first batch needs it, which a resumed job may not. Only one is kept,
    since two may not fit; the old one goes before the new one comes.
    """

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._name: tuple[str, str] | None = None
        self._engine: Engine | None = None

    def engine(self, file: ModelFile, options: TranscribeOptions) -> Engine:
        """Give the recogniser for ``file``, loaded once."""
        name = (str(file.path), options.engine)
        if self._engine is None or self._name != name:
            self._engine, self._name = None, name
            self._engine = load_engine(file, options)
        return self._engine
