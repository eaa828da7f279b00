"""What counts as something a person did, so that an unattended session runs out.

A page that is left open talks on by itself: it asks again while a transcription runs,
reads anew what others changed, and tells that it is still there. None of that may keep
the study unlocked.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import Message

QUIET: Final = "x-fokus-quiet"
"""Header by which our components say that they read again without being asked to."""
STREAM: Final = "/_stcore/stream"
BY_ITSELF: Final = frozenset({"/_stcore/health", "/_stcore/host-config"})


def is_act(path: str, headers: Headers) -> bool:
    """Tell whether a person caused this request."""
    return QUIET not in headers and path not in BY_ITSELF


def is_act_on_socket(path: str, message: Message) -> bool:
    """Tell whether a person caused this message; only Streamlit's own socket carries such."""
    data = message.get("bytes")
    if path != STREAM or not data:
        return False
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from streamlit.proto.BackMsg_pb2 import BackMsg

    told = BackMsg()
    try:
        told.ParseFromString(data)
    except DecodeError:
        return False
    kind = told.WhichOneof("type")
    if kind == "rerun_script":
        return not told.rerun_script.is_auto_rerun
    return kind in {"stop_script", "file_urls_request"}
