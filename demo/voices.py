"""The six voices of the sample, and the further ones that only training uses.

All are free synthesisers packaged by Debian: flite, festival (with
festvox-kdlpc16k) and espeak-ng.  They are needed only to regenerate the audio.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """A synthesiser's voice with the settings that the sample uses.

    ``stretch`` is a duration factor (1.1 = 10 % slower), ``speed`` a resampling
    factor applied afterwards (0.94 lowers pitch and formants by 6 %).
    ``rate`` (words a minute) and ``pitch`` (0-99) are espeak-ng's own.
    """

    key: str
    engine: str
    name: str
    stretch: float = 1.0
    speed: float = 1.0
    rate: int = 160
    pitch: int = 50


SAMPLE_VOICES: dict[str, Voice] = {
    "Moderator": Voice("slt", "flite", "slt"),
    "P1": Voice("espeak-f", "espeak", "gmw/en-US+f2", rate=160, pitch=58),
    "P2": Voice("awb", "flite", "awb"),
    "P3": Voice("rms", "flite", "rms"),
    "P4": Voice("ked", "festival", "ked_diphone", speed=1.04),
    "P5": Voice("kal", "flite", "kal16", speed=0.95),
}

EXTRA_ESPEAK = (
    "gmw/en-US+m3",
    "gmw/en+f4",
    "gmw/en-GB-scotland+m7",
    "gmw/en-US+linda",
    "gmw/en-GB-x-rp+f3",
    "gmw/en-US+adam",
)
