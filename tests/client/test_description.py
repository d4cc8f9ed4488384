"""The client asks for nothing that the service does not describe, and believes nothing that it does not answer."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from app.main import create_app
from app.settings import Settings
from assay_client import AsyncClient, Client, ServiceError, flows, sending, shapes, streams
from tests.cli.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]

#: shape -> the service's name of it
NAMES = {
    "RunOutcome": "RunOutcome",
    "Progress": "Progress",
    "Run": "RunOut",
    "Comparison": "Comparison",
    "Control": "ControlOut",
    "Verdict": "VerdictOut",
    "Self": "Self",
    "VerdictItem": "VerdictItem",
    "VerdictPage": "ListOut_VerdictItem_",
    "Event": "EventOut",
    "SubmittedClaim": "ClaimOut",
    "Urls": "Urls",
    "Verification": "VerificationOut",
    "Approval": "ApprovalOut",
    "RecordUrls": "RecordUrls",
    "Record": "RecordOut",
}
TYPES = {str: {"string"}, int: {"integer"}, float: {"number"}, bool: {"boolean"}, dict: {"object"}}


def described(schema: dict[str, Any]) -> tuple[set[str], bool]:
    """Return the types and named schemas that a schema allows, and whether null is among them."""
    found: set[str] = set()
    for item in schema.get("anyOf", [schema]):
        found |= {item["$ref"].rpartition("/")[2]} if "$ref" in item else {item["type"]}
    found = {"string" if SCHEMAS.get(name, {}).get("type") == "string" else name for name in found}  # an enumeration
    return found - {"null"}, "null" in found


def believed(hint: Any) -> tuple[set[str], bool]:
    """Return the same for a type of ours."""
    items = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    found: set[str] = set()
    for item in items:
        origin = typing.get_origin(item) or item
        if origin is list:
            found |= {"array"}
        elif item is not types.NoneType:
            found |= TYPES.get(origin) or {NAMES[origin.__name__]}
    return found, types.NoneType in items


def fields() -> Iterator[tuple[str, str, Any]]:
    for name, theirs in NAMES.items():
        for member, hint in typing.get_type_hints(getattr(shapes, name)).items():
            yield theirs, member, hint


@pytest.mark.parametrize(("schema", "member", "hint"), list(fields()), ids=lambda item: str(item)[:40])
def test_every_member_that_the_client_knows_is_described_with_its_type(schema: str, member: str, hint: Any) -> None:
    property_ = SCHEMAS[schema]["properties"][member]
    assert believed(hint) == described(property_)
    if typing.get_origin(hint) is list:
        (inner,) = typing.get_args(hint)
        assert believed(inner) == described(property_["items"])


def test_every_shape_is_compared() -> None:
    ours = {name for name, item in vars(shapes).items() if typing.is_typeddict(item)}
    assert ours == NAMES.keys()


# --- requests --------------------------------------------------------------------------------------------------------

FLOWS: dict[str, flows.Flow[Any]] = {
    "submit": flows.submission(b"x", force=True, key=None),
    "submit_files": sending.files_submission({"claim.toml": b"x"}, force=True, told=None),
    "submit_batch": sending.batch_submission([b"x", b"y"], force=True),
    "verification": flows.verification("ver_1"),
    "cancel": flows.cancellation("ver_1"),
    "approve": flows.approval(f"sha256:{'0' * 64}", "Paper.main", ["Init"]),
    "retry": flows.another_try("ver_1"),
    "wait": flows.waiting("ver_1", None, None),
    "follow": streams.following("ver_1", None, lambda _: None, 0),
    "log": streams.log("run_1", "stdout", 7),
    "verdicts": flows.verdict_page({"status": "VERIFIED", "since": "x", "limit": "1"}, "c"),
    "verdict": flows.verdict("vrd_1"),
    "evidence": flows.evidence("vrd_1"),
    "record": flows.record("r"),
    "put_record": flows.record_facts("r", {"title": "t"}),
    "gate_verdict": flows.gate_verdict("r"),
}
#: Of HTTP itself; described for no operation, or for all.
ALWAYS = {"If-None-Match"}


@pytest.mark.parametrize("name", FLOWS)
def test_every_request_of_the_client_meets_an_operation_that_is_described(name: str) -> None:
    step = next(FLOWS[name])
    request = step.request if isinstance(step, flows.Listen) else step
    assert isinstance(request, flows.Request)
    meet(request)


def test_a_file_that_is_sent_alone_meets_one_too() -> None:
    flow = sending.files_submission({"a": b"x", "b": b"y" * 5_000}, force=False, told=None)
    next(flow)
    missing = {"errors": [{"code": "missing-blob", "pointer": "/files/a"}]}
    request = flow.throw(ServiceError(422, missing))
    assert isinstance(request, flows.Request)
    assert (request.method, request.content) == ("PUT", b"x")
    meet(request)


def meet(request: flows.Request) -> None:
    """Hold a request against the operation that is described for it."""
    (operation,) = (
        methods[request.method.lower()]
        for path, methods in DOCUMENT["paths"].items()
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), request.path)
        and request.method.lower() in methods
    )
    known = {(item["in"], item["name"].lower()) for item in operation.get("parameters", ())}
    assert {("query", key.lower()) for key in request.params} <= known
    assert {("header", key.lower()) for key in request.headers if key not in ALWAYS} <= known
    content = operation.get("requestBody", {}).get("content", {})
    if request.bundles:
        assert "bundle" in content["multipart/form-data"]["schema"]["properties"]
    if request.json is not None:
        assert "application/json" in content
    if request.content is not None:
        assert "application/octet-stream" in content
    assert not (request.bundles or request.json is not None or request.content is not None) or content


def public(client: type) -> dict[str, inspect.Signature]:
    return {
        name.replace("aclose", "close"): inspect.signature(item)
        for name, item in vars(client).items()
        if not name.startswith("_")
    }


def test_both_clients_have_the_same_methods() -> None:
    assert public(Client) == public(AsyncClient)
    assert all(inspect.iscoroutinefunction(item) for name, item in vars(AsyncClient).items() if name[0] != "_")
    assert public(Client).keys() - {"close", "fetch"} == FLOWS.keys()
    documents = [
        {name: item.__doc__ for name, item in vars(client).items() if name in FLOWS} for client in (Client, AsyncClient)
    ]
    assert documents[0] == documents[1]


@pytest.mark.parametrize(
    ("name", "path"),
    [("../../keys", "..%2F..%2Fkeys"), ("a?b=c#d", "a%3Fb%3Dc%23d"), ("\u00e9\n", "%C3%A9%0A"), ("..", "..")],
)
def test_an_id_stays_one_part_of_the_path(name: str, path: str) -> None:
    request = next(flows.verification(name))
    assert isinstance(request, flows.Request)
    assert request.path == f"/v1/verifications/{path}"
    assert request.path.count("/") == 3


# --- the package alone -----------------------------------------------------------------------------------------------


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


def test_whoever_catches_errors_loads_no_http_client() -> None:
    assert "httpx2" not in loaded_by("import assay_client; assay_client.ServiceError")
    assert "httpx2" in loaded_by("import assay_client; assay_client.Client")


def test_the_package_needs_nothing_else_of_ours() -> None:
    found = loaded_by("import assay_client; assay_client.Client; assay_client.AsyncClient")
    assert not {name.partition(".")[0] for name in found} & {"app", "cli", "workers", "sandbox", "pydantic", "typer"}


def test_a_name_that_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = __import__("assay_client").nonsense


def test_an_answer_that_is_no_services_is_told_with_the_address() -> None:
    flow = flows.verification("ver_1")
    next(flow)
    answer = httpx2.Response(200, content=b"[]", request=httpx2.Request("GET", "https://h.example:8/v1/x?y=z"))
    with pytest.raises(Exception, match=r"what answers at https://h\.example:8 is no Assay service"):
        flow.send(answer)
