"""Words of ours on pages: messages that must not be read as markdown."""


def plain(message: str) -> str:
    """Keep a message from being read as markdown."""
    return "".join("\\" + mark if mark in r"\`*_{}[]()#+-.!|<>:$~" else mark for mark in message)
