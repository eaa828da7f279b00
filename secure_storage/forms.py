"""Plain HTML forms for the pages outside Streamlit: no script, one style sheet."""

from html import escape
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .errors import BadInput
from .gate import LOOK

MOST_BODY: Final = 16 * 1024
POLICY: Final = (
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


async def read_form(request: Request) -> dict[str, str]:
    """Read what was sent; ``BadInput`` when it is too large or no form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise BadInput("The form is too large.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=10))
    except ValueError:
        raise BadInput("The form could not be read. Go back and try again.") from None


def field(name: str, label: str, value: str, complete: str, *, first: bool = False) -> str:
    """Make a labelled field."""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" value="{escape(value)}" required maxlength="200"'
        f' autocomplete="{complete}"{" autofocus" if first else ""}>'
    )


def secret(name: str, label: str, complete: str, *, first: bool = False) -> str:
    """Make a labelled field whose text is hidden."""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="password" required maxlength="1024"'
        f' autocomplete="{complete}"{" autofocus" if first else ""}>'
    )


def form_of(error: str, fields: str, label: str) -> str:
    """Make a form of ready fields, with what went wrong above it."""
    told = f'<p role="alert">{escape(error)}</p>' if error else ""
    return f'<form method="post">{told}{fields}{button(label)}</form>'


def button(label: str) -> str:
    """Make the button that sends the form."""
    return f"<button>{escape(label)}</button>"


BACK: Final = '<p><a href="/">Back to the workbench</a></p>'


def page(title: str, body: str, status: int = 200) -> Response:
    """Make a page of ready HTML."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · Fokus</title><link rel="stylesheet" href="{LOOK}"></head>'
        f'<body><main><p class="name">Fokus</p><h1>{escape(title)}</h1>{body}</main></body></html>',
        status,
        headers={"content-security-policy": POLICY},
    )
