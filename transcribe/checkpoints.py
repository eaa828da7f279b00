"""Where finished work is kept, so that a killed worker can go on. Light."""

from typing import Protocol


class Checkpoints(Protocol):
    """Finished pieces of work by name."""

    def get(self, name: str) -> bytes | None:
        """Give what was kept under ``name``, if anything was."""

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data`` so that it survives a kill."""


class NoCheckpoints:
    """Keeps nothing."""

    def get(self, name: str) -> bytes | None:
        """Nothing was kept."""
        return None

    def put(self, name: str, data: bytes) -> None:
        """Forget it."""
