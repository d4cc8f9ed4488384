"""`/docs`: the HTTP interface as a page, made of the same description that programs read; `/docs/try` calls it.

The page needs no script. The other one is Swagger UI as it is published, from our own files and under the same policy as
every page: what it loads and where it sends to is this service alone.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup, escape

from app.api.callers import ANYBODY
from app.pages.shell import page_at, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

router = APIRouter(include_in_schema=False, dependencies=[ANYBODY])

METHODS = ("get", "put", "post", "patch", "delete")
#: Tag of the description -> heading of the page, in the order of the page.
HEADINGS = {
    "front": "Where to begin",
    "verifications": "Verifications, verdicts and evidence",
    "blobs": "Files of bundles",
    "verdicts": "Verdicts",
    "records": "Records and claims",
    "approvals": "Statements of proofs",
    "claims": "Claims",
    "runs": "Runs",
    "events": "Events",
    "workers": "Workers",
    "ledger": "Ledger",
    "webhooks": "Webhooks that tell",
    "hooks": "Webhooks that submit",
    "api_keys": "API keys",
    "keys": "Keys of the judges",
    "contracts": "Contracts and problems",
    "health": "Health",
}


@router.get("/docs")
async def read(request: Request) -> Response:
    """Answer with the reference."""
    return page_at(request, ("reference",), lambda: _page(request.app.openapi()))


@router.get("/docs/try")
async def read_try(request: Request) -> Response:
    """Answer with Swagger UI."""
    return page_at(request, ("try",), lambda: render("try.html"))


def _page(document: dict[str, Any]) -> bytes:
    found: dict[str, list[dict[str, Any]]] = {tag: [] for tag in HEADINGS}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                tag = (operation.get("tags") or ["front"])[0]
                found.setdefault(tag, []).append(_operation(method, path, operation))
    groups = [(HEADINGS.get(tag, tag.capitalize()), tag, in_order(items)) for tag, items in found.items() if items]
    shapes = sorted(document["components"]["schemas"].items())
    shown = [(name, schema.get("description", ""), list(members(schema)), kind(schema)) for name, schema in shapes]
    return render("reference.html", info=document["info"], groups=groups, shapes=shown)


def in_order(operations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return operations as somebody reads who is new: what one makes, how it is found, then what is asked and done of one.

    The resource with the most operations comes first.
    """
    resources = Counter(_resource(item["path"]) for item in operations)

    def place(item: dict[str, Any]) -> tuple[Any, ...]:
        resource, path = _resource(item["path"]), item["path"]
        rest = path.removeprefix(resource).strip("/").split("/") if path != resource else []
        of_one = bool(rest) and rest[0].startswith("{")
        ranks = ("put", "get", "patch", "post", "delete") if of_one else ("post", "put", "get", "patch", "delete")
        about = min(len(rest), 2) if of_one else len(rest)
        return -resources[resource], resource, of_one, about, ranks.index(item["method"].lower()), len(rest), path

    return sorted(operations, key=place)


def _resource(path: str) -> str:
    """Return the address of what an operation is about: what stands before its first parameter, two names at most."""
    named = path.partition("/{")[0].split("/")
    return "/".join(named[:3])


def _operation(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of an operation."""
    bodies = [
        (media, content.get("schema", {}), examples_of(content))
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    answers = [
        (status, answer.get("description", ""), content)
        for status, answer in operation["responses"].items()
        for content in [answer.get("content", {})]
    ]
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "text": operation["description"],
        "locked": "security" in operation,
        "parameters": [(item, kind(item["schema"])) for item in operation.get("parameters", ())],
        "bodies": [(media, kind(schema), list(members(schema)), shown) for media, schema, shown in bodies],
        "answers": [
            (status, text, [(media, kind(item.get("schema", {}))) for media, item in content.items()])
            for status, text, content in answers
        ],
        "examples": [
            (f"{status} {name}", told)
            for status, _, content in answers
            if status < "4"
            for media, item in content.items()
            for name, told in examples_of(item)
            if media == "application/json"
        ],
    }


def examples_of(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and text of every example that stands in place."""
    return [
        (item.get("summary", name), json.dumps(item["value"], indent=2, ensure_ascii=False))
        for name, item in content.get("examples", {}).items()
        if "value" in item
    ]


def members(schema: dict[str, Any]) -> Iterator[tuple[str, Markup, bool, str]]:
    """Yield name, kind, whether it has to be there, and description of the members of an object."""
    required = schema.get("required", ())
    for name, item in schema.get("properties", {}).items():
        yield name, kind(item), name in required, item.get("description", "")


def kind(schema: dict[str, Any]) -> Markup:
    """Return in words what a schema allows; named ones are links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#shape-{0}">{0}</a>').format(name)
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return Markup(" or ").join(kind(item) for item in several)
    if "const" in schema:
        return escape(json.dumps(schema["const"], ensure_ascii=False))
    if "enum" in schema:
        return Markup("one of ") + Markup(", ").join(Markup("<code>{}</code>").format(item) for item in schema["enum"])
    plain = escape(schema.get("format") or schema.get("type", "anything"))
    if schema.get("type") == "array":
        return Markup("list of ") + kind(schema.get("items", {})) + _bounds(schema, "minItems", "maxItems")
    if isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of ") + kind(schema["additionalProperties"])
    return plain + _bounds(schema, "minimum", "maximum") + _bounds(schema, "minLength", "maxLength")


def _bounds(schema: dict[str, Any], low: str, high: str) -> Markup:
    if low in schema and high in schema:
        return Markup(", {} to {}").format(schema[low], schema[high])
    if high in schema:
        return Markup(", at most {}").format(schema[high])
    return Markup(", at least {}").format(schema[low]) if low in schema else Markup("")
