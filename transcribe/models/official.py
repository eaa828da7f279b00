"""Published models: where they are, and the sha256 that tells them from anything else.

Sums and addresses of Whisper are those openai-whisper itself carries (``whisper/__init__.py``);
those of pyannote's «community-1» are of its published revision 3533c8cf. NB-Whisper publishes
no sums of its own: what its host says of each file is checked and the manifest keeps it.
"""

from dataclasses import dataclass
from typing import Final

_OPENAI: Final = "https://openaipublic.azureedge.net/main/whisper/models"
_HUB: Final = "https://huggingface.co"

CHECKPOINTS: Final = {
    "large-v3": "e5b1a55b89c1367dacf97e3e19bfd829a01529dbfdeefa8caeb59b3f1b81dadb",
    "large-v3-turbo": "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a",
    "large-v2": "81f7c96c852ee8fc832187b0132e569d6c3065a3252ed18e56effd0b6a73e524",
    "large-v1": "e4b87e7e0bf463eb8e6956e646f1e277e901512310def2c24bf0e11bd3c28e9a",
    "medium": "345ae4da62f9b3d59415adc60127b97c714f32e89e936602e85993674d08dcb1",
    "medium.en": "d7440d1dc186f76616474e0ff0b3b6b879abc9d1a4926b7adfa41db2d497ab4f",
    "small": "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794",
    "small.en": "f953ad0fd29cacd07d5a9eda5624af0f6bcf2258be67c92b79389873d91e0872",
    "base": "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e",
    "base.en": "25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead",
    "tiny": "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9",
    "tiny.en": "d3dd57d32accea0b295c96e26691aa14d8822fac7d9d27d5dc00b4ca2826dd03",
}
"""Official checkpoints and their sha256, best first."""

ALIASES: Final = {"turbo": "large-v3-turbo", "large": "large-v3"}
"""Other names that openai-whisper gives to the same files."""

OFFICIAL: Final = (
    "large-v3", "large-v3-turbo", "turbo", "large-v2", "large-v1", "large", "medium", "medium.en",
    "small", "small.en", "base", "base.en", "tiny", "tiny.en",
)  # fmt: skip
"""Official names, best first."""

NB_WHISPER: Final = tuple(
    f"nb-whisper-{size}{kind}"
    for size in ("large", "medium", "small", "base", "tiny")
    for kind in ("", "-verbatim", "-semantic")
)
"""Names of the National Library of Norway's models, which are converted when they come in."""

PYANNOTE: Final = "pyannote"
"""Name, and folder, of the diarization pipeline."""


@dataclass(frozen=True, slots=True)
class Published:
    """A file on a host that is known."""

    name: str
    """Its place in the folder it belongs to."""
    url: str
    sha256: str
    """Empty where the makers publish none."""


def checkpoint(name: str) -> Published:
    """Where an official checkpoint is published; ``name`` may be an alias."""
    own = ALIASES.get(name, name)
    return Published(f"{own}.pt", f"{_OPENAI}/{CHECKPOINTS[own]}/{own}.pt", CHECKPOINTS[own])


COMMUNITY_1: Final = {
    "config.yaml": "5ce2bfa9a938dc132cec1172592d65173cbb8f444ea1e4133f10f9391de155be",
    "segmentation/pytorch_model.bin":
        "7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e",
    "embedding/pytorch_model.bin":
        "6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
    "plda/plda.npz": "9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
    "plda/xvec_transform.npz":
        "325f1ce8e48f7e55e9c8aa47e05d2766b7c48c4b25b8de8dd751e7a4cc5fbe8f",
}  # fmt: skip
"""Files of pyannote's pipeline «community-1» and their sha256."""


def community_1() -> tuple[Published, ...]:
    """List the files of pyannote's pipeline «community-1» (CC-BY-4.0).

    From a public copy, because the maker's own page asks for a registration; the sums are
    those of the maker's files, so the copy need not be trusted.
    """
    place = (
        f"{_HUB}/pyannote-community/speaker-diarization-community-1/resolve/"
        "8a527374977391da736e0daaef26855d949d9685"
    )
    return tuple(Published(name, f"{place}/{name}", sum_) for name, sum_ in COMMUNITY_1.items())


def nb_whisper(name: str, file: str) -> Published:
    """Give the address of one file of an NB-Whisper model (Apache-2.0)."""
    return Published(file, f"{_HUB}/NbAiLab/{name}/resolve/main/{file}", "")
