"""The description is true: what every route really answers fits what `/openapi.json` says it answers."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import jsonschema
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from standardwebhooks import Webhook

from app import actions
from app.api import hooks as hooks_in
from app.api import streams
from app.api.description import spelled
from app.api.idempotency import Once
from app.api.limits import Limiter
from app.core.caller import Budgets, Caller, Scope
from app.core.canonical import digest
from app.core.contracts import shape
from app.core.hook_paths import PATTERN
from app.core.hooks import BODY_BYTES_MAX, Kind
from tests.api.bundles import formula_bundle, formula_document, script_bundle
from tests.api.service import ADDRESS, ENVIRONMENT, TARGET
from tests.api.tenants import WRONG
from tests.cli.command import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.api.service import Service


def resolve(document: dict[str, Any], value: Any) -> Any:
    """Return a schema of the description with its references in place of names."""
    if isinstance(value, dict):
        if set(value) == {"$ref"}:
            return resolve(document, document["components"]["schemas"][value["$ref"].rpartition("/")[2]])
        return {key: resolve(document, item) for key, item in value.items() if key != "discriminator"}
    return [resolve(document, item) for item in value] if isinstance(value, list) else value


def check(service: Service, answer: httpx2.Response, route: str) -> str:
    """Check an answer against the description of its route; returns `METHOD route status`."""
    document = service.client.app.openapi()  # type: ignore[attr-defined]
    operation = document["paths"][route][answer.request.method.lower()]
    responses = operation["responses"]
    told = f"{answer.request.method} {answer.request.url}: {answer.status_code} is not described: {answer.text[:200]}"
    assert str(answer.status_code) in responses, told
    described = responses[str(answer.status_code)]
    if answer.status_code in {204, 304}:
        assert not answer.content
        return f"{answer.request.method} {route} {answer.status_code}"
    media_type = answer.headers["Content-Type"].partition(";")[0]
    assert media_type in described["content"], f"{media_type} is not described"
    schema = described["content"][media_type].get("schema")
    if schema is not None:
        jsonschema.Draft202012Validator(resolve(document, schema), format_checker=jsonschema.FormatChecker()).validate(
            answer.json()
        )
    return f"{answer.request.method} {route} {answer.status_code}"


HOOK_IN = "/v1/hooks/{source}"
JSON = "application/json"
BLOB = "/v1/blobs/{digest}"
ONE = f"{TARGET}/{{verification_id}}"
VERDICT, EVIDENCE = "/v1/verdicts/{verdict_id}", "/v1/verdicts/{verdict_id}/evidence"
RECORD, GATE = "/v1/records/{record_id}", "/v1/records/{record_id}/gate-verdict"
CONTRACT, HISTORY = f"{RECORD}/contracts/{{contract}}", f"{RECORD}/history"
MANIFEST, CLAIM = "/paper/{record_id}/manifest.json", "/v1/claims/{claim_id}"
LEDGER, RUN = "/v1/ledger", "/v1/runs/{run_id}"
KEYS, KEY = "/v1/keys", "/v1/keys/{key_id}"
HOOKS, HOOK = "/v1/webhook-endpoints", "/v1/webhook-endpoints/{endpoint_id}"
REPLAY = "/v1/webhook-deliveries/{delivery_id}/replay"
RECEIPT, VERDICT_RECEIPT = f"{LEDGER}/{{index}}/receipt", f"{VERDICT}/receipt"
Answers = "Iterator[tuple[str, httpx2.Response]]"


BENCHMARKS = [{"model": "m", "benchmark": "b", "score_pct": "5.0", "source_title": "s"}]


def named(notes: str) -> dict[str, bytes]:
    """Return a bundle of a record's claim, different for every text of notes."""
    files = {**script_bundle(), "notes.txt": notes.encode()}
    files["claim.toml"] = files["claim.toml"].replace(b"[claim]", b'[record]\nid = "walked"\n[claim]')
    return files


def submissions(service: Service) -> Answers:
    client = service.client
    yield TARGET, client.post(TARGET, json=formula_document())
    yield TARGET, client.post(TARGET, json=formula_document())
    yield TARGET, client.post(TARGET, json={})
    yield TARGET, client.post(TARGET, content=b"x", headers={"Content-Type": "application/json"})
    yield TARGET, client.post(TARGET, content=b"x", headers={"Content-Type": "text/plain"})
    yield TARGET, client.post(TARGET, content=b" " * (1 << 21), headers={"Content-Type": "application/json"})
    yield TARGET, client.post(TARGET, json={}, headers={"Origin": "null"})
    alone = Caller(publisher=service.parts.settings.publisher, loopback=True)
    with Once.of(alone, "k", "verifications_create").alone():  # as a first request holds its key
        yield TARGET, client.post(TARGET, json=formula_document(), headers={"Idempotency-Key": "k"})


def batches(service: Service) -> Answers:
    """Walk through a batch: one claim that is taken in, one that is refused; and what is no batch."""
    client, claim = service.client, formula_document(claim={"id": "other", "statement": "A is 8.7 points above B"})
    yield f"{TARGET}/batch", client.post(f"{TARGET}/batch", json={"claims": [claim, {}]})
    yield f"{TARGET}/batch", client.post(f"{TARGET}/batch", json={"claims": []})
    alone = Caller(publisher=service.parts.settings.publisher, loopback=True)
    with Once.of(alone, "b", "verifications_create_batch").alone():
        headers = {"Idempotency-Key": "b"}
        yield f"{TARGET}/batch", client.post(f"{TARGET}/batch", json={"claims": [claim]}, headers=headers)


def files(service: Service) -> Answers:
    """Walk through files that are sent one by one, and the bundle that names them."""
    client, bundle = service.client, script_bundle()
    for data in (*bundle.values(), bundle["scores.csv"]):
        address = f"/v1/blobs/{digest(data)}"
        yield BLOB, client.put(address, content=data)
        yield BLOB, client.get(address)
    yield BLOB, client.get(address, headers={"If-None-Match": "*"})
    yield BLOB, client.put(address, content=b"other")
    yield BLOB, client.put(address, content=b"x", headers={"Content-Length": str(1 << 30)})
    for method in ("GET", "PUT"):
        yield BLOB, client.request(method, "/v1/blobs/none")
    named = {"files": {name: digest(data) for name, data in bundle.items()}}
    yield TARGET, client.post(TARGET, json=named)
    yield TARGET, client.post(TARGET, json={"files": {"claim.toml": f"sha256:{'0' * 64}"}})


def lives(service: Service) -> Answers:
    """Walk through the states of a verification: queued, running, cancelled; faulted and begun again."""
    client = service.client
    queued = service.submit().json()
    path = queued["urls"]["self"]
    yield ONE, client.get(f"{TARGET}/none")
    yield ONE, client.get(path)
    claimed = actions.claim_run(service.parts, queued["runs"][0]["id"], "tests:1", {ENVIRONMENT})
    assert claimed is not None
    actions.report_progress(service.parts, claimed, 0.5, "half")
    yield ONE, client.get(path)
    yield f"{ONE}/retry", client.post(f"{path}/retry")
    yield f"{ONE}/cancel", client.post(f"{path}/cancel")
    yield f"{ONE}/cancel", client.post(f"{TARGET}/none/cancel")
    faulted = service.submit(named("faulted")).json()["urls"]["self"]
    actions.fault_verification(service.parts, faulted.rpartition("/")[2], "INTERNAL_ERROR", "a test")
    yield ONE, client.get(faulted)
    yield f"{ONE}/retry", client.post(f"{faulted}/retry")
    yield f"{ONE}/retry", client.post(f"{faulted}/retry")
    yield f"{ONE}/retry", client.post(f"{TARGET}/none/retry")


def verdicts(service: Service) -> Answers:
    client = service.client
    for notes, results in (
        ("match", lambda _: b'{"total": 6}'),
        ("nonsense", lambda _: b"nonsense"),
        ("crash", lambda _: None),
    ):
        urls = service.conclude(results, named(notes))["urls"]
        yield ONE, client.get(urls["self"])
        yield VERDICT, client.get(urls["verdict"])
        yield EVIDENCE, client.get(urls["evidence"])
    for route, path in (
        (ONE, urls["self"]),
        (VERDICT, urls["verdict"]),
        (EVIDENCE, urls["evidence"]),
        (RECORD, "/v1/records/walked"),
        (GATE, "/v1/records/walked/gate-verdict"),
    ):
        yield route, client.get(path, headers={"If-None-Match": client.get(path).headers["ETag"]})
    yield VERDICT, client.get("/v1/verdicts/none")
    yield EVIDENCE, client.get("/v1/verdicts/none/evidence")
    service.parts.blobs.path(client.get(urls["verdict"]).json()["evidence"]).unlink()
    yield EVIDENCE, client.get(urls["evidence"])


LISTS = ("records", "claims", "verifications", "runs", "verdicts", "workers", "events")


def the_lists(service: Service) -> Answers:
    client = service.client
    for route in (*(f"/v1/{name}" for name in LISTS), "/v1/verdicts/summary"):
        answer = client.get(route)
        yield route, answer
        yield route, client.get(route, headers={"If-None-Match": answer.headers["ETag"]})
        yield route, client.get(f"{route}?limit=0")
    job = client.get("/v1/verifications?state=concluded").json()["data"][0]
    run = client.get(f"{job['urls']['self']}/runs").json()["data"][0]["id"]
    for route, path, unknown in (
        (f"{ONE}/runs", f"{TARGET}/{job['id']}/runs", f"{TARGET}/none/runs"),
        (f"{ONE}/events", f"{TARGET}/{job['id']}/events", f"{TARGET}/none/events"),
        (f"{CLAIM}/verdicts", f"/v1/claims/{job['claim_id']}/verdicts", "/v1/claims/clm_none/verdicts"),
        (RUN, f"/v1/runs/{run}", "/v1/runs/none"),
        (f"{RUN}/{{stream}}", f"/v1/runs/{run}/stdout", "/v1/runs/none/stdout"),
    ):
        answer = client.get(path)
        yield route, answer
        yield route, client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        yield route, client.get(unknown)
        yield route, client.get(f"{path}?limit=0")
    yield f"{RUN}/{{stream}}", client.get(f"/v1/runs/{run}/stdout", headers={"Range": "bytes=0-1"})
    yield f"{RUN}/{{stream}}", client.get(f"/v1/runs/{run}/stdout", headers={"Range": "bytes=99-"})
    yield f"{RUN}/{{stream}}", client.get(f"/v1/runs/{run}/stdlog")
    client.app.state.streams = streams.STREAMS_MAX  # type: ignore[attr-defined]
    for route, path in ((f"{ONE}/events", f"{TARGET}/{job['id']}/events"), ("/v1/events", "/v1/events")):
        yield route, client.get(path, headers={"Accept": "text/event-stream"})
    client.app.state.streams = 0  # type: ignore[attr-defined]


def records(service: Service) -> Answers:
    client = service.client
    yield RECORD, client.put("/v1/records/r", json={"title": "t"})
    yield RECORD, client.put("/v1/records/r", json={"doi": "10.1/x"})
    yield RECORD, client.put("/v1/records/r", json={"nope": 1})
    yield RECORD, client.put("/v1/records/rec_none", json={})
    for data in (b'{"title": "\xe9"}', b" " * (1 << 21)):
        yield RECORD, client.put("/v1/records/r", content=data, headers={"Content-Type": "application/json"})
    yield RECORD, client.put("/v1/records/r", content=b"{}", headers={"Content-Type": "text/plain"})
    for name in ("r", "walked", "none", "NONE"):
        yield RECORD, client.get(f"/v1/records/{name}")
        yield GATE, client.get(f"/v1/records/{name}/gate-verdict")


def openings(service: Service) -> Answers:
    """Walk through changes that say what they change."""
    client, path = service.client, "/v1/records/opened"
    tag = client.put(path, json={}).headers["ETag"]
    for headers in ({}, {"If-Match": '"old"'}, {"If-Match": tag}):
        yield RECORD, client.patch(path, json={"claims_visibility": "open"}, headers=headers)
    yield RECORD, client.patch("/v1/records/none", json={}, headers={"If-Match": "*"})
    claims = [service.submit(files).json()["claim"]["id"] for files in (formula_bundle(), named("opened"))]
    for headers in ({}, {"If-Match": '"old"'}, {"If-Match": "*"}):
        yield CLAIM, client.patch(f"/v1/claims/{claims[0]}", json={"visibility": "private"}, headers=headers)
    yield CLAIM, client.patch(f"/v1/claims/{claims[1]}", json={"visibility": "private"}, headers={"If-Match": "*"})
    yield CLAIM, client.patch("/v1/claims/clm_none", json={"visibility": "private"}, headers={"If-Match": "*"})


def publications(service: Service) -> Answers:
    """Walk through what is public of a record and its claim, and what is not."""
    client = service.client
    names = (*shape.CONTRACTS, "none")
    claim = client.get(f"{RECORD.format(record_id='walked')}").json()["id"]
    with service.parts.store.read() as session:
        claim = session.connection().execute(text("SELECT id FROM claim WHERE record_id = :id"), {"id": claim}).scalar()
    yield CLAIM, client.get(f"/v1/claims/{claim}")
    facts = {"claims_visibility": "open", "benchmarks": BENCHMARKS, "math": {"n_cases": 1}, "title": "A title"}
    yield RECORD, client.put("/v1/records/walked", json=facts)
    yield RECORD, client.put("/v1/records/walked", json={"title": "Another title"})
    paths = [(CLAIM, f"/v1/claims/{claim}"), (HISTORY, "/v1/records/walked/history")]
    paths += [(MANIFEST, "/paper/walked/manifest.json")]
    paths += [(CONTRACT, f"/v1/records/walked/contracts/{name}") for name in names]
    for route, path in paths:
        answer = client.get(path)
        yield route, answer
        if answer.status_code == 200:
            yield route, client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    for name in ("none", "NONE"):
        yield HISTORY, client.get(f"/v1/records/{name}/history")
        yield MANIFEST, client.get(f"/paper/{name}/manifest.json")
        yield CONTRACT, client.get(f"/v1/records/{name}/contracts/quality-tiers-v1")
        yield CLAIM, client.get(f"/v1/claims/clm_{name}")


def the_ledger(service: Service) -> Answers:
    client = service.client
    actions.make_checkpoint(service.parts, lambda _: None)
    verdict = client.get(LEDGER).json()["rows"][0]["body"]["verdict"]
    for query in ("", "?from=2&limit=1", "?limit=-1"):
        yield LEDGER, client.get(f"{LEDGER}{query}")
    yield f"{LEDGER}/export", client.get(f"{LEDGER}/export")
    yield f"{LEDGER}/checkpoints", client.get(f"{LEDGER}/checkpoints")
    yield f"{LEDGER}/checkpoints", client.get(f"{LEDGER}/checkpoints?limit=0")
    yield f"{LEDGER}/checkpoints", client.post(f"{LEDGER}/checkpoints")
    for query in ("first=1&second=2", "first=2&second=1", "first=1&second=900", "first=0&second=1"):
        yield f"{LEDGER}/consistency", client.get(f"{LEDGER}/consistency?{query}")
    for index in ("0", "900", "-1"):
        yield RECEIPT, client.get(f"{LEDGER}/{index}/receipt")
    for name in (verdict, "vrd_none"):
        yield VERDICT_RECEIPT, client.get(f"/v1/verdicts/{name}/receipt")


def others(service: Service) -> Answers:
    client = service.client
    for path in ("/problems", "/livez", "/readyz", "/v1/health", "/.well-known/assay-keys.json"):
        yield path, client.get(path)
    for path in ("/schemas", "/changelog"):
        yield path, client.get(path)
    for name in (*shape.CONTRACTS, "none"):
        yield "/schemas/{contract}", client.get(f"/schemas/{name}")
    yield "/problems/{code}", client.get("/problems/not-found")
    yield "/problems/{code}", client.get("/problems/none")
    for route, path in (("/problems", "/problems"), ("/problems/{code}", "/problems/not-found")):
        yield route, client.get(path, headers={"If-None-Match": "*"})
    yield "/livez", client.get("/livez", headers={"Host": "elsewhere"})
    yield "/", client.get("/")


def approvals(service: Service) -> Answers:
    """Walk through the approval of a statement."""
    wanted = {"challenge": f"sha256:{'3d' * 32}", "theorem": "Paper.main"}
    for _ in range(2):
        yield "/v1/approvals", service.client.post("/v1/approvals", json=wanted)
    yield "/v1/approvals", service.client.get("/v1/approvals")


def api_keys(service: Service) -> Answers:
    """Walk through keys; from the first one on, who shows none changes nothing."""
    made = actions.create_key(service.parts, actions.NewKey("house", "", frozenset({Scope.ADMIN})))
    shown = {"Authorization": f"Bearer {made[1]}"}
    wanted = {"publisher": "alice", "name": "laptop", "expires_in_days": 90, "queued_runs": 5}
    for headers in ({}, shown):
        answer = service.client.post(KEYS, json=wanted, headers=headers)
        yield KEYS, answer
    key_id = answer.json()["id"]
    yield KEYS, service.client.post(KEYS, json={"publisher": ""}, headers=shown)
    yield KEYS, service.client.get(KEYS, headers=shown)
    for name in (key_id, "key_none"):
        yield KEY, service.client.get(f"{KEYS}/{name}", headers=shown)
        yield f"{KEY}/rotate", service.client.post(f"{KEYS}/{name}/rotate", json={}, headers=shown)
        yield f"{KEY}/revoke", service.client.post(f"{KEYS}/{name}/revoke", headers=shown)
    yield f"{KEY}/rotate", service.client.post(f"{KEYS}/{key_id}/rotate", json={}, headers=shown)
    yield f"{KEY}/rotate", service.client.post(f"{KEYS}/{key_id}/rotate", json={"overlap_seconds": -1}, headers=shown)
    for path in ("GET", "rotate", "revoke"):
        where = f"{KEYS}/NONE" if path == "GET" else f"{KEYS}/NONE/{path}"
        route = KEY if path == "GET" else f"{KEY}/{path}"
        answer = service.client.request("GET" if path == "GET" else "POST", where, json={}, headers=shown)
        yield route, answer


def budgets(service: Service) -> Answers:
    """Walk past budgets; by now there are keys."""
    new = actions.NewKey("carol", "", frozenset({Scope.VERIFICATIONS_WRITE}), None, Budgets(queued_runs=1))
    shown = {"Authorization": f"Bearer {actions.create_key(service.parts, new)[1]}"}
    first = service.client.post(TARGET, json=formula_document(), headers=shown)
    yield TARGET, first
    actions.fault_verification(service.parts, first.json()["id"], "INTERNAL_ERROR", "a test")
    other = {**formula_document(), "claim": {"id": "other", "statement": "Something else."}}
    for force in ("false", "true"):
        yield TARGET, service.client.post(TARGET, json=other, headers=shown, params={"force": force})
    yield f"{ONE}/retry", service.client.post(f"{first.json()['urls']['self']}/retry", headers=shown)


def webhooks(service: Service) -> Answers:
    """Walk through endpoints; by now there are keys, so who shows none is refused."""
    client = service.client
    made = {
        scope: actions.create_key(service.parts, actions.NewKey("alice", "", frozenset({scope})))[1]
        for scope in (Scope.WEBHOOKS_MANAGE, Scope.VERDICTS_READ)
    }
    shown, poor = ({"Authorization": f"Bearer {key}"} for key in made.values())
    wanted = {"url": "https://example.org/hook", "events": ["verdict.recorded"]}
    for headers, document in ((shown, {}), (shown, wanted)):
        answer = client.post(HOOKS, json=document, headers=headers)
        yield HOOKS, answer
    endpoint = answer.json()["id"]
    sent = client.post(f"{HOOKS}/{endpoint}/test", headers=shown).json()["id"]
    log = f"{HOOK}/deliveries"
    for route, path in ((HOOKS, HOOKS), (log, f"{HOOKS}/{endpoint}/deliveries")):
        answer = client.get(path, headers=shown)
        yield route, answer
        yield route, client.get(path, headers={**shown, "If-None-Match": answer.headers["ETag"]})
        yield route, client.get(f"{path}?limit=0", headers=shown)
    disabled = client.post(HOOKS, json=wanted, headers=shown).json()["id"]
    gone = client.post(f"{HOOKS}/{disabled}/test", headers=shown).json()["id"]
    client.patch(f"{HOOKS}/{disabled}", json={"state": "disabled"}, headers=shown)
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"description": "x"}),
        ("POST", "/rotate", {}),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("DELETE", "", None),
    ):
        for headers, name in (
            ({}, endpoint),
            (poor, endpoint),
            (shown, "whe_none"),
            (shown, "NONE"),
            (shown, disabled),
        ):
            yield HOOK + tail, client.request(method, f"{HOOKS}/{name}{tail}", json=body, headers=headers)
        if method != "DELETE":
            yield HOOK + tail, client.request(method, f"{HOOKS}/{endpoint}{tail}", json=body, headers=shown)
    for headers, name in (({}, sent), (poor, sent), (shown, "msg_none"), (shown, "NONE"), (shown, gone), (shown, sent)):
        yield REPLAY, client.post(f"/v1/webhook-deliveries/{name}/replay", headers=headers)
    for headers in ({}, poor):
        yield HOOKS, client.get(HOOKS, headers=headers)
        yield HOOKS, client.post(HOOKS, json=wanted, headers=headers)


def hooks(service: Service) -> Answers:
    """Walk through a webhook that is signed, one that is not, one that is none and one that is too long."""
    new = actions.NewSource(Kind.GENERIC, "house", "", "", PATTERN, ("python",), 1, 0, "")
    source, secret = actions.add_source(service.parts, new)
    body, moment = '{"type": "claim.submitted"}', datetime.now(UTC)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(moment.timestamp())), "Content-Type": JSON}
    headers["webhook-signature"] = Webhook(secret).sign("msg_1", moment, body)
    for shown in (headers, {"Content-Type": JSON}, {"Content-Type": "text/plain"}):
        yield HOOK_IN, service.client.post(f"/v1/hooks/{source}", content=body, headers=shown)
    yield HOOK_IN, service.client.post(f"/v1/hooks/{source}", content=b"x" * (BODY_BYTES_MAX + 1), headers=headers)
    yield HOOK_IN, too_slow(service, f"/v1/hooks/{source}", headers)
    unsigned = {"content": body, "headers": {"Content-Type": JSON}}
    yield HOOK_IN, too_often(service, "POST", f"/v1/hooks/{source}", **unsigned)


def too_slow(service: Service, address: str, headers: dict[str, str]) -> httpx2.Response:
    """Return the answer to a body that takes longer than it may."""

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    async def send() -> httpx2.Response:
        transport = httpx2.ASGITransport(service.client.app)
        async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            return await client.post(address, content=body(), headers=headers)

    usual, hooks_in.BODY_SECONDS_MAX = hooks_in.BODY_SECONDS_MAX, 0.1
    try:
        return asyncio.run(send())
    finally:
        hooks_in.BODY_SECONDS_MAX = usual


def too_often(service: Service, method: str, address: str, **more: Any) -> httpx2.Response:
    """Return the second answer within a minute where one is allowed."""
    state = service.client.app.state  # type: ignore[attr-defined]
    usual, once = state.limiter, {"requests_per_minute": 1, "changes_per_minute": 1, "bad_hooks_per_minute": 1}
    state.limiter = Limiter(service.parts.settings.model_copy(update=once))
    try:
        service.client.request(method, address, **more)
        return service.client.request(method, address, **more)
    finally:
        state.limiter = usual


def refusals(service: Service) -> Answers:
    """Walk through what any operation may refuse, each in the same way; keys exist by now."""
    client, document = service.client, service.client.app.openapi()  # type: ignore[attr-defined]
    key = actions.create_key(service.parts, actions.NewKey("house", "", frozenset({Scope.ADMIN})))[1]
    poor = actions.create_key(service.parts, actions.NewKey("house", "", frozenset({Scope.WEBHOOKS_MANAGE})))[1]
    shown = {"Authorization": f"Bearer {key}", "Idempotency-Key": "\x7f", "Last-Event-ID": "x"}
    stranger = TestClient(client.app, ADDRESS, client=("203.0.113.7", 5), raise_server_exceptions=False)
    wrong = "?challenge=x&limit=x&from=x&first=x&second=1&force=x&bench=" + "x" * 201
    for route, path in document["paths"].items():
        address = re.sub(r"{\w+}", "NONE", route.replace("{verification_id}", "ver_none"))
        for method, operation in path.items():
            yield route, client.request(method, address, headers={"Host": "elsewhere"})
            yield route, too_often(service, method, address)
            yield route, stranger.request(method, address)
            yield route, client.request(method, address, headers={"Authorization": f"Bearer {WRONG}"})
            yield route, client.request(method, address, headers={"Authorization": f"Bearer {poor}"})
            yield route, client.request(method, address + wrong, headers=shown)
            for kind, body in (("text/plain", b"x"), (JSON, b"\xe9"), (JSON, b" " * (1 << 21)), (JSON, b"{")):
                if "requestBody" in operation:
                    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
                    yield route, client.request(method, address, content=body, headers=headers)


WALKS = (
    submissions,
    batches,
    files,
    lives,
    verdicts,
    records,
    publications,
    openings,
    the_lists,
    the_ledger,
    others,
    hooks,
    approvals,
    api_keys,
    budgets,
    webhooks,
    refusals,
)


def with_what_nothing_reads(service: Service, answers: Answers) -> Answers:
    """Yield answers, and after what was got that of the same address with a parameter that nothing reads."""
    for route, answer in answers:
        yield route, answer
        if answer.request.method == "GET" and answer.status_code == 200 and route.startswith("/v1/"):
            yield route, service.client.get(answer.request.url.path, params={"unread": "1"})


def test_every_answer_is_as_described_and_every_described_answer_is_given(service: Service) -> None:
    seen = {
        check(service, answer, route)
        for walk in WALKS
        for route, answer in with_what_nothing_reads(service, walk(service))
    }
    document = service.client.app.openapi()  # type: ignore[attr-defined]
    described = {
        f"{method.upper()} {route} {status}"
        for route, path in document["paths"].items()
        for method, operation in path.items()
        for status in operation["responses"]
        if not status.startswith("5")
    }
    assert described - seen == set()


def test_the_served_description_is_openapi_and_names_no_outside_host(service: Service) -> None:
    answer = service.client.get("/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Assay"
    # The contracts' source, their dialect, the pattern of web addresses, and what RFC 2606 keeps free for examples.
    known = r"https://assignee\.net|https://json-schema\.org|https\?://|https://example\.org"
    known += r"|http://(127\.0\.0\.1|localhost):PORT"
    assert "://" not in re.sub(known, "", answer.text)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(resolve(document, schema))


def test_the_front_door_names_addresses_that_answer(service: Service) -> None:
    document = service.client.get("/").json()
    assert document["name"] == "Assay"
    urls = document["urls"]
    operations = service.client.app.openapi()["paths"]  # type: ignore[attr-defined]
    assert set(urls.values()) <= {*operations, "/openapi.json"}
    answers = {service.client.get(urls[name]).status_code for name in ("openapi", "problems", "ready")}
    assert answers == {200}
    assert service.client.get(document["documentation"]).status_code == 200


def test_operation_ids_are_short_and_unique(service: Service) -> None:
    document = service.client.app.openapi()  # type: ignore[attr-defined]
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)
    assert {"verifications_create", "verifications_read", "records_put", "health_readyz"} <= set(ids)


def test_every_operation_says_what_it_does_and_describes_its_errors(service: Service) -> None:
    document = service.client.app.openapi()  # type: ignore[attr-defined]
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]
            for status, response in operation["responses"].items():
                if not status.startswith(("2", "3")):
                    assert list(response["content"]) == ["application/problem+json"]


def test_the_committed_description_is_that_of_the_running_service(service: Service) -> None:
    served = spelled(service.client.get("/openapi.json").json())
    assert (ROOT / "openapi.json").read_text() == served, "write it anew: python -m app.main > openapi.json"


def examples_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield name, examples and schema of everything in the description that may have examples."""
    for path in document["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            for item in operation.get("parameters", ()):
                yield f"{name} {item['name']}", item, item["schema"]
            body = operation.get("requestBody", {}).get("content", {}).get(JSON)
            if body:
                yield f"{name} body", body, body["schema"]
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items():
                    if kind in {JSON, "application/problem+json"}:
                        yield f"{name} {status}", content, content["schema"]


def test_every_body_and_answer_has_named_examples_that_fit(service: Service) -> None:
    document = service.client.app.openapi()  # type: ignore[attr-defined]
    for name, place, schema in examples_of(document):
        optional = "in" in place and not place.get("required")
        assert place.get("examples") or optional, f"{name}: record it with python -m tests.api.examples"
        shared = document["components"]["examples"]
        for example in place.get("examples", {}).values():
            value = shared[example["$ref"].rpartition("/")[2]] if "$ref" in example else example
            checker = jsonschema.FormatChecker()
            jsonschema.Draft202012Validator(resolve(document, schema), format_checker=checker).validate(value["value"])


def test_bodies_of_requests_fit_their_description(service: Service) -> None:
    document = service.client.app.openapi()  # type: ignore[attr-defined]
    body = document["paths"][TARGET]["post"]["requestBody"]["content"]
    for example in body["application/json"]["examples"].values():
        jsonschema.validate(example["value"], body["application/json"]["schema"])
    record = document["paths"]["/v1/records/{record_id}"]["put"]["requestBody"]["content"]["application/json"]["schema"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"unknown": 1}, resolve(document, record))


def test_the_interface_loads_nothing_from_elsewhere(service: Service) -> None:
    """FastAPI's own pages load scripts from other hosts; ours stand in their place, with files of our own."""
    for path in ("/docs", "/docs/try"):
        answer = service.client.get(path)
        assert answer.status_code == 200
        assert {item[0] for item in re.findall(r"<(?:script|link)[^>]* (?:src|href)=\"([^\"]*)", answer.text)} == {"/"}
    assert service.client.get("/redoc").status_code == 404
