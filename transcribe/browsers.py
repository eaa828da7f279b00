"""What browsers can play by themselves; of the rest they are given a copy. Pure.

The forms are those that Chromium, Firefox and Safari all play (MDN, «Media container
formats» and «Web audio codec guide»); a recorder's many microphones are no stereo sound,
so that more than two channels are mixed for listening too.
"""

from typing import Final

_PLAYED: Final = {
    "wav": ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"),
    "mp3": ("mp3", "mp3float"),
    "flac": ("flac",),
    "aac": ("aac",),
    "mov": ("aac", "mp3", "mp3float", "flac", "opus"),
    "ogg": ("vorbis", "opus", "flac", "libopus", "libvorbis"),
    "matroska": ("vorbis", "opus", "libopus", "libvorbis"),
}
"""Codecs by container, both as FFmpeg calls them."""
_MOST_CHANNELS: Final = 2


def plays(container: str, codec: str, channels: int) -> bool:
    """Tell whether browsers play such a file; ``container`` is FFmpeg's name, or names."""
    return channels <= _MOST_CHANNELS and codec in _PLAYED.get(container.split(",")[0], ())
