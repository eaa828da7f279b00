"""What a worker keeps in memory from one recording to the next."""

from secure_storage import FokusError

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

    def engine(
        self, file: ModelFile, options: TranscribeOptions, weights: str | None = None
    ) -> Engine:
        """Give the recogniser for ``file``, loaded once.

        ``weights`` is the sha256 that the file must have, if that is known; raises FokusError
        when it has not.
        """
        weights = weights or file.sha256()
        name = (weights, options.engine)
        if self._engine is None or self._name != name:
            self._engine = self._name = None
            engine = load_engine(file, options)
            if file.sha256() != weights:
                raise FokusError(
                    f"The model {file.name} was replaced while this transcription began. Start "
                    "it again."
                )
            self._engine, self._name = engine, name
        return self._engine
