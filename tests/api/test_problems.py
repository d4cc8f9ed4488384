"""Every error of every route is a problem document that explains itself and gives nothing away."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import app.api
import app.pages
from app.api import verifications
from app.api.kinds import BY_STATUS, KINDS, markdown
from app.api.problems import MEDIA_TYPE
from tests.api.bundles import formula_bundle, formula_document, tarred
from tests.api.service import TARGET

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import httpx2

    from tests.api.service import Service

ROOT = Path(__file__).parent.parent.parent
SECRET = "s3cret-canary"
FIELDS = {"type", "title", "status", "detail", "remedy", "instance", "request_id", "errors"}


def check(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem document of an answer after checking everything that all of them have in common."""
    document: dict[str, Any] = answer.json()
    assert answer.status_code == status == document["status"]
    assert document["type"] == f"/problems/{code}"
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert set(document) == FIELDS
    assert document["title"] == KINDS[code].title
    assert document["detail"]
    assert document["instance"] == answer.request.url.path
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert all(set(item) == {"in", "pointer", "line", "code", "detail", "remedy"} for item in document["errors"])
    assert SECRET not in answer.text.replace(document["instance"], "")
    return document


def multipart(*parts: tuple[str, str | None, bytes], boundary: str = "b") -> dict[str, Any]:
    """Return a request with exactly these parts: name, file name, contents."""
    body = b""
    for name, file, data in parts:
        named = f'name="{name}"' + (f'; filename="{file}"' if file else "")
        body += f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n\r\n".encode() + data + b"\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return {"content": body + f"--{boundary}--\r\n".encode(), "headers": headers}


def typed(media_type: str, body: bytes) -> dict[str, Any]:
    return {"content": body, "headers": {"Content-Type": media_type}}


ARCHIVE = tarred(formula_bundle())
JSON = "application/json"

#: what is wrong -> (method, path, request, status, code)
REQUESTS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "no such address": ("GET", f"/{SECRET}", {}, 404, "not-found"),
    "an address with a slash too many": ("GET", "/livez/", {}, 404, "not-found"),
    "no such verification": ("GET", f"{TARGET}/{SECRET}", {}, 404, "not-found"),
    "no such kind of problem": ("GET", f"/problems/{SECRET}", {}, 404, "not-found"),
    "a method that is not known here": ("DELETE", TARGET, {}, 405, "method-not-allowed"),
    "a method that nobody knows": ("BREW", TARGET, {}, 405, "method-not-allowed"),
    "a flag that is none": ("POST", f"{TARGET}?force={SECRET}", {"json": formula_document()}, 422, "invalid-request"),
    "no body and no type": ("POST", TARGET, {}, 415, "unsupported-media-type"),
    "a body of another type": ("POST", TARGET, typed("text/plain", SECRET.encode()), 415, "unsupported-media-type"),
    "a bare archive": ("POST", TARGET, typed("application/gzip", ARCHIVE), 415, "unsupported-media-type"),
    "a form without files": (
        "POST",
        TARGET,
        typed("application/x-www-form-urlencoded", b"bundle=x"),
        415,
        "unsupported-media-type",
    ),
    "a type that is none": ("POST", TARGET, typed(";;;", b"x"), 415, "unsupported-media-type"),
    "JSON that is none": ("POST", TARGET, typed(JSON, f'{{"{SECRET}"'.encode()), 400, "not-json"),
    "JSON with a key twice": ("POST", TARGET, typed(JSON, b'{"schema": 1, "schema": 2}'), 400, "not-json"),
    "JSON with NaN": ("POST", TARGET, typed(JSON, b'{"schema": NaN}'), 400, "not-json"),
    "JSON without bottom": ("POST", TARGET, typed(JSON, b"[" * 100_000), 400, "not-json"),
    "a number of ten thousand digits": ("POST", TARGET, typed(JSON, b"9" * 10_000), 400, "not-json"),
    "JSON in Latin-1": ("POST", TARGET, typed(JSON, '{"a": "\u00e9"}'.encode("latin-1")), 400, "not-utf8"),
    "JSON in UTF-16": ("POST", TARGET, typed(JSON, json.dumps(formula_document()).encode("utf-16")), 400, "not-utf8"),
    "half a surrogate pair": ("POST", TARGET, typed(JSON, b'{"schema": "\\ud800"}'), 400, "not-utf8"),
    "half a surrogate pair as a key": ("POST", TARGET, typed(JSON, b'{"\\udfff": 1}'), 400, "not-utf8"),
    "an empty body": ("POST", TARGET, typed(JSON, b""), 400, "not-json"),
    "JSON above 1 MiB": ("POST", TARGET, typed(JSON, b" " * ((1 << 20) + 1)), 413, "content-too-large"),
    "multipart without a boundary": ("POST", TARGET, typed("multipart/form-data", b"x"), 400, "bad-multipart"),
    "multipart that is none": ("POST", TARGET, typed("multipart/form-data; boundary=b", b"x"), 400, "bad-multipart"),
    "multipart in an encoding that fits nothing": (
        "POST",
        TARGET,
        {
            **multipart(("bundle", "f", b"x")),
            "headers": {"Content-Type": "multipart/form-data; boundary=b; charset=undefined"},
        },
        400,
        "bad-multipart",
    ),
    "multipart without parts": ("POST", TARGET, multipart(), 422, "missing-bundle"),
    "multipart with another part": ("POST", TARGET, multipart((SECRET, "f", ARCHIVE)), 422, "missing-bundle"),
    "a bundle that is no file": ("POST", TARGET, multipart(("bundle", None, b"x")), 422, "missing-bundle"),
    "two bundles": (
        "POST",
        TARGET,
        multipart(("bundle", "a", ARCHIVE), ("bundle", "b", ARCHIVE)),
        400,
        "bad-multipart",
    ),
    "a bundle and a field": (
        "POST",
        TARGET,
        multipart(("bundle", "a", ARCHIVE), ("x", None, b"1")),
        400,
        "bad-multipart",
    ),
    "a field above 1 MiB": ("POST", TARGET, multipart(("x", None, b"1" * ((1 << 20) + 1))), 400, "bad-multipart"),
    "a record of another type": ("PUT", "/v1/records/r", typed("text/plain", b"{}"), 415, "unsupported-media-type"),
    "a record that is no JSON": ("PUT", "/v1/records/r", typed(JSON, SECRET.encode()), 422, "invalid-request"),
    "a record in Latin-1": ("PUT", "/v1/records/r", typed(JSON, b'{"title": "\xe9"}'), 400, "bad-request"),
    "a record without bottom": ("PUT", "/v1/records/r", typed(JSON, b"[" * 100_000), 400, "bad-request"),
    "a record above 1 MiB": ("PUT", "/v1/records/r", typed(JSON, b" " * ((1 << 20) + 1)), 413, "content-too-large"),
    "a record with a wrong value": ("PUT", "/v1/records/r", {"json": {"visibility": SECRET}}, 422, "invalid-request"),
    "a record with a wrong number": (
        "PUT",
        "/v1/records/r",
        {"json": {"claims_total": SECRET}},
        422,
        "invalid-request",
    ),
    "a claim that is no object": ("POST", TARGET, typed(JSON, b"[]"), 422, "bundle-refused"),
    "a claim that is empty": ("POST", TARGET, typed(JSON, b"{}"), 422, "bundle-refused"),
    "a bundle that is none": ("POST", TARGET, multipart(("bundle", "a", SECRET.encode())), 422, "bundle-refused"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_error_is_a_problem_document_and_stores_nothing(house: Service, name: str) -> None:
    method, path, request, status, code = REQUESTS[name]
    rows = house.rows()
    check(house.client.request(method, path, **request), status, code)
    assert house.rows() == rows


def test_every_route_answers_a_wrong_method_with_the_right_ones(house: Service) -> None:
    described = house.client.app.openapi()["paths"]  # type: ignore[attr-defined]
    assert len(described) >= 12
    for route in described:
        wrong = next(method for method in ("patch", "put", "delete") if method not in described[route])
        answer = house.client.request(wrong.upper(), re.sub(r"{\w+}", "x1", route))
        check(answer, 405, "method-not-allowed")
        known = {*described[route], "options", *(["head"] if "get" in described[route] else [])}
        assert set(answer.headers["Allow"].lower().split(", ")) == known


@pytest.mark.parametrize("declared", [True, False], ids=["said in advance", "noticed while reading"])
def test_a_body_above_the_services_limit_is_a_problem_document_too(
    serving: Callable[..., AbstractContextManager[Service]], *, declared: bool
) -> None:
    """The framework's limiter answers in plain text, outside of all handlers."""
    with serving(body_bytes_max=10_000) as service:
        content = b"x" * 20_000 if declared else iter([b"x" * 5_000] * 4)
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = service.client.post(TARGET, content=content, headers=headers)
        check(answer, 413, "content-too-large")


def test_an_unforeseen_error_hides_its_text_and_is_found_by_its_id(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError(f"password={SECRET}")

    monkeypatch.setattr(verifications.views, "version", explode)
    answer = service.client.get(f"{TARGET}/ver_0")
    document = check(answer, 500, "internal-error")
    assert document["request_id"] in caplog.text
    assert SECRET in caplog.text


def test_every_request_has_an_id_of_its_own(house: Service) -> None:
    ids = {house.client.get(path).headers["X-Request-Id"] for path in ("/livez", "/livez", "/nothing", "/nothing")}
    assert len(ids) == 4


def test_pointers_are_escaped(house: Service) -> None:
    answer = house.client.put("/v1/records/r", json={"a/b~c": 1})
    assert answer.json()["errors"][0]["pointer"] == "/a~1b~0c"


def test_all_problems_of_a_claim_are_told_at_once_with_line_and_remedy(service: Service) -> None:
    claim = (
        b'schema = "assay-claim-v1"\nunknown = 1\n[claim]\nid = "Upper"\nstatement = "x"\n[[expect]]\nmetric = "m"\n'
    )
    document = check(service.submit({"claim.toml": claim}), 422, "bundle-refused")
    assert {item["code"] for item in document["errors"]} >= {"unknown-key", "bad-id", "missing-key", "missing-table"}
    assert all(item["in"] == "claim.toml" and item["line"] for item in document["errors"])
    assert all(item["remedy"] for item in document["errors"])
    lines = [item["line"] for item in document["errors"]]
    assert lines == sorted(lines)


# --- the table of kinds ----------------------------------------------------------------------------------------------


def raised_codes() -> set[str]:
    """Return every code that the source of the two HTTP doors names where it makes a problem."""
    found: set[str] = set()
    for path in (file for door in (app.api, app.pages) for file in Path(door.__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            position = {"ApiError": 0, "problem": 1}.get(name)
            if position is not None and len(call.args) > position and isinstance(call.args[position], ast.Constant):
                found.add(str(call.args[position].value))  # type: ignore[attr-defined]
        if path.name == "access.py":  # its refusals are pairs of code and detail
            returns = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
            pairs = [value.elts[0] for value in returns if isinstance(value, ast.Tuple)]
            found |= {str(item.value) for item in pairs if isinstance(item, ast.Constant)}
    return found | set(BY_STATUS.values())


def test_the_table_has_every_kind_that_can_be_answered_and_no_other() -> None:
    assert raised_codes() | {"internal-error"} == set(KINDS)


@pytest.mark.parametrize("code", KINDS)
def test_the_address_of_a_kind_explains_it(house: Service, code: str) -> None:
    document = house.client.get(f"/problems/{code}").json()
    kind = KINDS[code]
    assert document == {
        "code": code,
        "status": kind.status,
        "title": kind.title,
        "happened": kind.happened,
        "remedy": kind.remedy,
    }
    assert document in house.client.get("/problems").json()
    assert all(text.endswith(".") for text in (kind.happened, kind.remedy))


def test_the_page_of_the_documentation_is_the_table() -> None:
    """Make it anew with `python -m app.api.kinds > docs/problems.md`."""
    assert (ROOT / "docs" / "problems.md").read_text() == markdown()
