"""What `/openapi.json` says beyond what the framework makes of the routes: every answer that there is, and examples.

A route declares what is its own. What it may answer besides follows from what it depends on, so it is read from there and
cannot be forgotten: who asks for a caller refuses wrong keys, who asks for the store may find it missing, who reads
parameters may refuse them. Every error is one document, `Problem`, with an example for each kind of problem that the
operation can meet. Examples of answers are those of a real service; `python -m tests.api.examples` records them again.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute

from app.api.access import SAFE_METHODS
from app.api.callers import anybody, find_caller
from app.api.kinds import KINDS, of_status
from app.api.limits import FREE
from app.api.parameters import BELOW
from app.api.parts import get_parts
from app.api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Document = dict[str, Any]

PROBLEM = {"$ref": "#/components/schemas/Problem"}
#: What a parameter's schema may say without being able to refuse anything.
_OPEN = {"type", "title", "default", "description"}
#: Headers of refusals that say what to do next.
_HEADERS = {
    401: {"WWW-Authenticate": "how to show a key"},
    429: {
        "Retry-After": "seconds after which to come back",
        "RateLimit-Policy": "the limit: its name, requests `q` within `w` seconds",
        "RateLimit": "what is left of it: requests `r`, and seconds `t` until there is another",
    },
    503: {"Retry-After": "seconds after which to come back"},
}


_ITEM = {
    "in": "query",
    "pointer": "/limit",
    "line": None,
    "code": "less-than-equal",
    "detail": "`limit` is too large",
    "remedy": "give a number of at most 200",
}


def _is(*names: str) -> Callable[[Document], bool]:
    return lambda operation: operation["operationId"] in names


def _has(name: str) -> Callable[[Document], bool]:
    return lambda operation: any(item["name"] == name for item in operation.get("parameters", ()))


#: Operations that look at the bytes of a body and at nothing in it; who signs them shows no key.
RAW = {"hooks_deliver"}

#: Statuses of what may be wrong with a body, where not everything may.
_OF_BODY = {**dict.fromkeys(RAW, (413, 415)), "blobs_put": (413, 422)}

#: kind of problem -> whether an operation can meet it; kinds that are not named are met wherever their status is
MET_BY: dict[str, Callable[[Document], bool]] = {
    "not-utf8": _is("verifications_create", "verifications_create_batch"),
    "not-json": _is("verifications_create", "verifications_create_batch"),
    "bad-multipart": _is("verifications_create", "verifications_create_batch"),
    "bundle-refused": _is("verifications_create"),
    "missing-bundle": _is("verifications_create", "verifications_create_batch"),
    "no-environment": _is("verifications_create", "verifications_create_batch"),
    "budget-used": _is("verifications_create", "verifications_retry"),
    "budget-too-small": _is("verifications_create", "verifications_retry"),
    "idempotency-key-needed": _is("verifications_create"),
    "too-many-streams": _is("events_list", "verifications_events"),
    "form-refused": _is(),  # of pages alone
    "login-insecure": _is(),
    "not-again": _is("webhooks_replay"),
    "claim-of-record": _is("records_patch_claim"),
    "not-yours": _is(
        "records_put", "records_patch", "records_patch_claim", "verifications_cancel", "verifications_retry"
    ),
    "not-retryable": _is("verifications_retry"),
    "key-over": _is("api_keys_rotate"),
    "endpoint-disabled": _is("webhooks_test", "webhooks_replay"),
    "not-ready": _is("health_readyz", "ledger_create_checkpoint"),
    "service-fault": _is("verifications_read_evidence", "runs_read_log", "blobs_read"),
    "digest-mismatch": _is("blobs_put"),
    "no-room": _is("blobs_put"),
    "signature-refused": _is("hooks_deliver"),
    "key-refused": lambda operation: operation["operationId"] not in RAW,
    "key-needed": lambda operation: "security" in operation,
    "scope-missing": lambda operation: "security" in operation,
    "key-in-flight": _has("Idempotency-Key"),
    "key-of-another": _has("Idempotency-Key"),
    "bad-cursor": _has("cursor"),
}


def operation_id(route: APIRoute) -> str:
    """Return names such as `verifications_create`."""
    return f"{route.tags[0] if route.tags else 'assay'}_{route.name}"


def describe(document: Document, routes: Iterable[Any]) -> None:
    """Complete the framework's description of the routes, in place."""
    known = {operation_id(route): route for route in every_route(routes)}
    given = _examples()
    document["components"]["examples"] = {code: _problem(code) for code in KINDS}
    for path in document["paths"].values():
        for method, operation in path.items():
            responses = operation["responses"]
            responses.pop("default", None)  # it would cover whatever was forgotten
            for status in _refusals(operation, known[operation["operationId"]]):
                responses.setdefault(str(status), {})
            for status, response in responses.items():
                if response.get("description") == "Successful Response":  # the framework's, which says nothing
                    response["description"] = operation["summary"]
                if int(status) >= 400:
                    _refusal(operation, method, int(status), response)
            operation["responses"] = dict(sorted(responses.items()))
            _show(operation, given)


def every_route(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Yield the routes that are described, those of included routers too."""
    for route in routes:
        inside = getattr(route, "original_router", None)
        if inside is not None:
            yield from every_route(inside.routes)
        elif isinstance(route, APIRoute) and route.include_in_schema:
            yield route


def _refusals(operation: Document, route: APIRoute) -> Iterator[int]:
    """Yield the statuses of what an operation may refuse or fail by."""
    called = set(_called(route.dependant))
    yield from (403, 421, 500)
    if called & {find_caller, anybody} and not route.path.startswith(FREE):
        yield 429
    if find_caller in called:
        yield 401
    if called & {find_caller, get_parts}:
        yield 503
    if "requestBody" in operation:
        yield from _OF_BODY.get(operation["operationId"], (400, 413, 415, 422))
    if any(_may_refuse(item["schema"]) for item in operation.get("parameters", ())):
        yield 422
    if called & {find_caller, anybody} and "GET" in (route.methods or ()) and route.path.startswith(BELOW):
        yield 422  # a parameter that nothing reads


def _called(dependant: Any) -> Iterator[Any]:
    for item in dependant.dependencies:
        yield item.call
        yield from _called(item)


def _may_refuse(schema: Document) -> bool:
    return schema.get("type") != "string" or bool(set(schema) - _OPEN)


def _refusal(operation: Document, method: str, status: int, response: Document) -> None:
    """Say of one status which kinds of problems have it."""
    codes = [code for code, kind in KINDS.items() if kind.status == status and _meets(code, method, operation)]
    response["description"] = "; ".join(KINDS[code].title for code in codes or [of_status(status)])
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    response["content"] = {MEDIA_TYPE: {"schema": PROBLEM, "examples": examples}}
    if status in _HEADERS:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS[status].items()
        }


def _meets(code: str, method: str, operation: Document) -> bool:
    if code == "foreign-origin":
        return method.upper() not in SAFE_METHODS
    met = MET_BY.get(code)
    return met is None or met(operation)


def _problem(code: str) -> Document:
    kind = KINDS[code]
    shown: Document = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.happened,
        "remedy": kind.remedy,
        "instance": "/v1/verifications",
        "request_id": "5f1c0f2d9f3e4b6f8a7d6c5b4a392817",
        "errors": [dict(_ITEM)] if code == "invalid-request" else [],
    }
    return {"summary": kind.title, "value": shown}


def _show(operation: Document, given: Document) -> None:
    """Put the examples of an operation where they belong."""
    name = operation["operationId"]
    for item in operation.get("parameters", ()):
        told = (f"{name}.{item['name']}", f"{item['in']}.{item['name']}", item["name"])  # its own first
        value = next((given["parameters"][key] for key in told if key in given["parameters"]), None)
        if value is not None:
            item["examples"] = {"usual": {"value": value}}
    if name in given["bodies"]:
        operation["requestBody"]["content"]["application/json"]["examples"] = given["bodies"][name]
    for status, examples in given["answers"].get(name, {}).items():
        operation["responses"][status]["content"]["application/json"]["examples"] = examples


@cache
def _examples() -> Document:
    """Return examples: values of parameters, bodies of requests by operation, answers by operation and status."""
    found: Document = json.loads((Path(__file__).parent / "examples.json").read_bytes())
    return found


def spelled(document: Document) -> str:
    """Return the description as it is kept beside the code: one spelling, so that a difference is a change."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
