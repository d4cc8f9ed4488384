"""What every page is wrapped in: templates, headers, addresses of files, and answers that a browser need not fetch twice.

Templates escape every value and refuse a name that is not there. Nothing of a page comes from elsewhere and nothing of it
is executed but our own files: `default-src 'none'` forbids styles and scripts inside the page too, so templates carry
neither. Times are UTC.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from app.api.conditional import kept, not_modified
from app.api.forms import TOKEN
from app.core import errors
from app.pages import words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.api.callers import Viewer

T = TypeVar("T")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "same-origin",  # without any, browsers leave out of forms where they come from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
#: Name -> media type of every file that pages load.
STATIC = {
    "assay.css": "text/css; charset=utf-8",
    "assay.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "try.js": "text/javascript; charset=utf-8",
}
KEPT_MAX = 512
_NAME = re.compile(r"[^\s,:;]*[._/\\0-9=`]\S*\w")  # a first word that is spelled as no word of prose is
#: Signs that turn the order of what stands behind them (Unicode TR 36): a statement of somebody's could turn our words.
#: And the two that no document of XML may hold (XML 1.0, 2.2): one of them would make the whole feed unreadable.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")
_folder = resources.files("app.pages").joinpath("static")
FILES: dict[str, bytes] = {name: _folder.joinpath(name).read_bytes() for name in STATIC}
VERSIONS = {name: hashlib.sha256(data).hexdigest()[:16] for name, data in FILES.items()}


def static(name: str) -> str:
    """Return the address of a static file, which changes with its bytes."""
    return f"/static/{name}?v={VERSIONS[name]}"


def moment(value: datetime | str | None) -> Markup:
    """Return a time as a page shows it: to the second, UTC, exact for programs."""
    if value is None:
        return Markup("–")
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S} UTC")


def upfirst(text: str) -> str:
    """Return a text that begins a sentence; what begins with a path, a name or code stays as it is spelled."""
    return text if _NAME.match(text) else text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Return a text as a sentence: with a capital, and one full stop."""
    return upfirst(errors.sentence(text))


def ticks(text: str) -> Markup:
    """Return a sentence whose `names` between backticks are shown as code."""
    named = Markup("<code>{}</code>")
    pieces = [named.format(piece) if odd % 2 else escape(piece) for odd, piece in enumerate(text.split("`"))]
    return Markup("").join(pieces)


def stamp(value: datetime | None) -> str:
    """Return a time as feeds spell it (RFC 3339); the beginning of all when there is none."""
    at = datetime.fromtimestamp(0, UTC) if value is None else value
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)).isoformat()


def minute(value: datetime) -> Markup:
    """Return a time for a column: to the minute, UTC."""
    at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M}")


def seconds(value: float | None) -> str:
    """Return a duration for people."""
    if value is None:
        return "–"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def size(value: float) -> str:
    """Return an amount of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def query(values: Mapping[str, Any], **changes: Any) -> str:
    """Return the query of an address with some values changed; None leaves one out."""
    wanted = {name: value for name, value in {**values, **changes}.items() if value not in {None, ""}}
    return "?" + urlencode(wanted) if wanted else "?"


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("app.pages", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters.update(moment=moment, minute=minute, upfirst=upfirst, ticks=ticks, stamp=stamp)
    found.filters.update(sentence=sentence)
    found.filters.update(seconds=seconds, size=size)
    found.globals.update(static=static, words=words, query=query)
    return found


ENVIRONMENT = _environment()


def render(template: str, **values: Any) -> bytes:
    """Return a page's bytes; signs that would turn the order of its text, or break it, stand there by their number."""
    text = ENVIRONMENT.get_template(template).render(values)
    return _TURNING.sub(lambda sign: f"\u27e8U+{ord(sign[0]):04X}\u27e9", text).encode()


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page that is made anew for every request."""
    body = dressed(viewer_of(request), render(template, **values))
    headers = {**HEADERS, "Cache-Control": kept(request, "no-cache")}
    return Response(body, status, headers, "text/html; charset=utf-8")


def led(goal: str) -> Response:
    """Return the way to another page, as the answer to a form."""
    return Response(None, 303, {**HEADERS, "Location": goal, "Cache-Control": "no-store"})


def viewer_of(request: Request) -> Viewer | None:
    """Return who looks at a page; None where everybody is answered alike."""
    found: Viewer | None = getattr(request.state, "viewer", None)
    return found


def dressed(viewer: Viewer | None, body: bytes) -> bytes:
    """Return a page with who looks at it in its head, and with what its forms carry.

    Rendered pages hold comments in these places. No text of anybody's can hold one: templates escape it.
    """
    head, field = (b"", b"") if viewer is None else _worn(viewer)
    return body.replace(b"<!--viewer-->", head).replace(b"<!--form-->", field)


@lru_cache(maxsize=256)
def _worn(viewer: Viewer) -> tuple[bytes, bytes]:
    field = Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, viewer.form_token)
    return render("viewer.html", viewer=viewer), field.encode()


class Kept(Generic[T]):
    """What was made already, by what it is made of; the least used is forgotten."""

    def __init__(self, most: int = KEPT_MAX) -> None:
        self.most = most
        self._found: OrderedDict[tuple[str, ...], T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """Return what was made of a key, made now if it is not there."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
                return found
        found = make()
        with self._lock:
            self._found[key] = found
            while len(self._found) > self.most:
                self._found.popitem(last=False)
        return found


KEPT: Kept[bytes] = Kept()
#: Templates and files are a part of what a page is made of: after an upgrade no browser may keep its old copy.
FORM = hashlib.sha256(
    b"".join(
        item.read_bytes()
        for item in sorted(resources.files("app.pages").iterdir(), key=str)
        if item.name.endswith(".html")
    )
    + json.dumps(VERSIONS).encode()
).hexdigest()[:8]


def page_at(request: Request, key: tuple[str, ...], make: Callable[[], bytes]) -> Response:
    """Return a page that is made of what `key` names, unless the browser has it; `key` says what, and in which version."""
    viewer = viewer_of(request)
    mark = "" if viewer is None else f"{viewer.caller.key_id} {viewer.form_token}"
    tag = hashlib.sha256("\0".join((FORM, mark, *key)).encode()).hexdigest()[:32]
    headers = {**HEADERS, "ETag": f'W/"{tag}"', "Cache-Control": kept(request, "no-cache")}
    known = not_modified(request, headers)
    if known is not None:
        return known
    body = KEPT.get((str(id(request.app)), *key), make)
    return Response(dressed(viewer, body), 200, headers, "text/html; charset=utf-8")


def twin(request: Request, document: Any) -> Response:
    """Return what a page shows, for programs."""
    return tagged(request, json.dumps(document, default=_plain, ensure_ascii=False).encode(), "application/json")


def tagged(request: Request, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return what may change, unless who asks has it already."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    told = {**(headers or {}), "ETag": f'W/"{tag}"', "Cache-Control": kept(request, "no-cache")}
    return not_modified(request, told) or Response(body, 200, told, kind)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")


def wants_html(accept: str) -> bool:
    """Whether an `Accept` header asks for a page by name, as browsers do; programs that take anything get JSON.

    A page that is taken less gladly than JSON, or not at all (`q=0`), is not asked for.
    """
    named = {"text/html": 0.0, "application/xhtml+xml": 0.0, "application/json": 0.0}
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        if kind in named:
            named[kind] = max(named[kind], _quality(parameters))
    page = max(named["text/html"], named["application/xhtml+xml"])
    return page > 0 and page >= named["application/json"]


def _quality(parameters: list[str]) -> float:
    """Return the `q` of a media range, 0 to 1; 1 where none is told, or none that can be read (RFC 9110, 12.4.2)."""
    told = next((item.partition("=")[2] for item in parameters if item.startswith("q=")), "1")
    return float(told) if _QUALITY.fullmatch(told) else 1.0
