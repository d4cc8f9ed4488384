"""Every route, asked by everybody: what belongs to one publisher is seen and changed by nobody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from app.settings import Settings
from tests.api.tenants import SECRET, WRONG, World, worlds
from tests.api.test_routes import LOGINS, rules, walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

#: What else stands in addresses, and what is asked for there.
OTHERS = {
    "contract": "gate-verdict-v1",
    "index": "0",
    "name": "assay.css",
    "stream": "stdout",
    "code": "not-found",
    "key_id": "key_none",
    "endpoint_id": "whe_none",
    "delivery_id": "msg_none",
}
#: What is managed by a key of its own scope, and asked where it is tested.
MANAGED = ("/v1/keys", "/v1/webhook-endpoints", "/v1/approvals")
#: Parameters without which a route answers nothing.
QUERIES = {
    "/v1/ledger/consistency": "?first=1&second=2",
    "/compare": "?verification={verification_id}&verification={other}",
    "/compare.json": "?verification={verification_id}&verification={other}",
}
#: They never end; who is told what by them is asked where they are tested.
ENDLESS = {"/v1/events", "/v1/verifications/{verification_id}/events"}
BAD = ("wrong", "alice_expired", "alice_revoked", "malformed", "no key at all", "other scheme")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service with two publishers, on both databases."""
    yield from worlds(request.param, migrated, tmp_path_factory.mktemp("tenants"))


def reading(world: World) -> list[tuple[str, Any]]:
    """Return every route that is read, with itself."""
    routes = [route for route in walk(world.service.client.app.routes) if hasattr(route, "dependant")]  # type: ignore[attr-defined]
    return [(route.path, route) for route in routes if "GET" in route.methods and route.path not in ENDLESS]


def address(world: World, path: str, ids: dict[str, str]) -> str:
    """Return the address of something; a parameter that is not known yet is a route that this test must be told of."""
    other = world.shown["verification_id"]
    known = {**OTHERS, "digest": ids["file"], "other": other, **ids}
    full = path + QUERIES.get(path, "")
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: known[found[1]], full)


def header(world: World, name: str) -> dict[str, str]:
    """Return what a caller with a bad key shows."""
    shown = {"wrong": WRONG, "malformed": "assay_live_x", "no key at all": "", **world.keys}
    if name == "other scheme":
        return {"Authorization": f"Basic {world.keys['alice']}"}
    return {"Authorization": f"Bearer {shown[name]}"}


def leaks(world: World, answer: httpx2.Response) -> list[str]:
    """Return what an answer tells of the private record."""
    secrets = {SECRET, *world.hidden.values()}
    asked = str(answer.request.url)
    text = answer.text + repr(sorted(answer.headers.items()))
    return sorted(secret for secret in secrets if secret in text and secret not in asked)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("who", [None, "bob", "poor"])
def test_nobody_else_is_told_of_what_is_private(world: World, who: str | None, accept: str) -> None:
    client, looked = world.as_(who), 0
    for path, _ in reading(world):
        where = address(world, path, world.hidden)
        answer = client.get(where, headers={"Accept": accept})
        assert leaks(world, answer) == [], where
        assert answer.status_code < 500, where
        if any(secret in where for secret in world.hidden.values()):
            assert answer.status_code == 404, where
            looked += 1
        elif not path.startswith(MANAGED):
            assert answer.status_code == 200, where
    assert looked > 15


@pytest.mark.parametrize("who", ["alice", "admin"])
def test_its_publisher_and_the_operator_see_it(world: World, who: str) -> None:
    client, told = world.as_(who), 0
    for path, route in reading(world):
        if path.startswith(MANAGED):
            continue
        where = address(world, path, world.hidden)
        answer = client.get(where)
        assert answer.status_code == 200, where
        told += bool(leaks(world, answer))
        if "anybody" not in rules(route):
            assert "public" not in answer.headers.get("Cache-Control", ""), f"{where} may be kept by others"
    assert told > 5


@pytest.mark.parametrize("who", [None, "bob", "poor", "alice", "admin"])
def test_what_is_public_is_there_for_everybody(world: World, who: str | None) -> None:
    client = world.as_(who)
    for path, _ in reading(world):
        if "{" in path and not path.startswith((*MANAGED, "/compare")):
            where = address(world, path, world.shown)
            assert client.get(where).status_code == 200, where


@pytest.mark.parametrize("who", [None, "bob", "poor", "alice", "admin"])
def test_of_closed_claims_everybody_reads_the_verdict_and_its_publisher_the_evidence(
    world: World, who: str | None
) -> None:
    client, ids = world.as_(who), world.closed
    entitled = who in {"alice", "admin"}
    assert client.get(f"/v1/verdicts/{ids['verdict_id']}").json()["evidence"] == ids["evidence"]
    answer = client.get(f"/v1/verdicts/{ids['verdict_id']}/evidence")
    assert answer.status_code == (200 if entitled else 404)
    if not entitled:
        assert "keeps its claims closed" in answer.json()["detail"]
    for path in ("claims/{claim_id}", "verifications/{verification_id}", "runs/{run_id}", "runs/{run_id}/stdout"):
        assert client.get("/v1/" + path.format(**ids)).status_code == (200 if entitled else 404), path


@pytest.mark.parametrize("who", [None, "bob", "poor", "alice", "admin"])
def test_verdicts_are_counted_that_are_listed_and_no_others(world: World, who: str | None) -> None:
    client = world.as_(who)
    listed = [row["status"] for row in client.get("/v1/verdicts?limit=200").json()["data"]]
    counted = client.get("/v1/verdicts/summary").json()["status"]
    assert counted == {status: listed.count(status) for status in listed}
    assert len(listed) == (3 if who in {"alice", "admin"} else 1)


@pytest.mark.parametrize("publisher", ["", " ", "alice ", " alice", "a" * 65, "élise", "alice\n"])
def test_a_publisher_is_called_by_what_reads_the_same_everywhere(world: World, publisher: str) -> None:
    answer = world.as_("admin").post("/v1/keys", json={"publisher": publisher})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/publisher")
    with pytest.raises(ValueError, match="cannot be a publisher's name"):
        Settings(publisher=publisher)


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_key_is_refused_in_the_same_words_whyever_it_is_bad(world: World, bad: str) -> None:
    client, texts = world.as_(None), set()
    for path, route in reading(world):
        if "anybody" not in rules(route) and path != "/" and not path.startswith("/compare"):
            answer = client.get(address(world, path, world.hidden), headers=header(world, bad))
            document = answer.json()
            assert answer.status_code == 401, path
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="assay", error="invalid_token"'
            texts.add((document["type"], document["detail"]))
    said = "the key is not one of this service, or it is no longer good"
    if bad == "other scheme":  # of the header's spelling, whatever key it shows
        said += "; the header is spelled `Authorization: Bearer assay_live_…`"
        other = client.get("/v1/ledger", headers={"Authorization": f"Basic {WRONG}"}).json()
        assert other["detail"] == said
    assert texts == {("/problems/key-refused", said)}


def test_a_bad_key_costs_the_same_work_whyever_it_is_bad(world: World) -> None:
    client, seen = world.as_(None), []
    for bad in BAD[:5]:
        with world.statements() as asked:
            assert client.get("/v1/ledger", headers=header(world, bad)).status_code == 401
        seen.append(list(asked))
    assert len(seen[0]) == 1
    assert all(asked == seen[0] for asked in seen)


def test_what_may_not_be_known_costs_the_same_work_as_what_is_not_there(world: World) -> None:
    """The statements are the same ones, so that no clock tells the two apart."""
    nothing = {name: f"{value[:4]}0none" for name, value in world.hidden.items()}
    nothing["evidence"] = "sha256:" + "0" * 64
    for who in (None, "bob"):
        client, looked = world.as_(who), 0
        for path, _ in reading(world):
            if not ({f"{{{name}}}" for name in world.hidden} & set(re.findall(r"{\w+}", path))):
                continue
            answers = []
            for ids in (world.hidden, nothing):
                with world.statements() as asked:
                    answer = client.get(address(world, path, ids), headers={"Accept": "application/json"})
                body = re.sub(r'"(instance|request_id)": ?"[^"]*"', "", answer.text)
                answers.append((answer.status_code, body, list(asked)))
            assert answers[0] == answers[1], path
            assert answers[0][0] == 404, path
            looked += 1
        assert looked > 12


# --- what changes something -------------------------------------------------------------------------------------------


def writing(world: World) -> list[tuple[str, str]]:
    """Return method and path of every route that changes something, but for what is signed: `tests.api.test_hooks`."""
    routes = [route for route in walk(world.service.client.app.routes) if hasattr(route, "dependant")]  # type: ignore[attr-defined]
    found = [(method, route.path) for route in routes for method in route.methods - {"GET", "HEAD", "OPTIONS"}]
    signed = {"/v1/hooks/{source}"}
    return sorted((method, path) for method, path in found if path not in signed | LOGINS)


@pytest.mark.parametrize(("who", "status"), [(None, 401), *((bad, 401) for bad in BAD), ("poor", 403)])
def test_nothing_is_changed_without_the_right_key(world: World, who: str | None, status: int) -> None:
    known = world.service.rows()
    kind = {"poor": "scope-missing", None: "key-needed"}.get(who, "key-refused")
    for method, path in writing(world):
        if who == "poor" and path.startswith(("/v1/webhook", "/webhooks")):
            continue  # what its scope is for
        headers = header(world, who) if who is not None else {}
        where = address(world, path, {**world.hidden, "key_id": "key_none"})
        answer = world.as_(None).request(method, where, json={}, headers=headers)
        assert answer.status_code == status, (method, path, answer.text)
        assert answer.json()["type"] == f"/problems/{kind}"
    assert world.service.rows() == known


@pytest.mark.parametrize("which", ["hidden", "shown"])
@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_a_verification_of_another_is_refused_where_it_may_be_read_and_else_not_there(
    world: World, which: str, action: str
) -> None:
    ids, bob = getattr(world, which), world.as_("bob")
    answers = []
    for verification in (ids["verification_id"], "ver_none"):
        with world.statements() as asked:
            answer = bob.post(f"/v1/verifications/{verification}/{action}")
        answers.append((answer.status_code, answer.json()["detail"], list(asked)))
    read = bob.get(f"/v1/verifications/{ids['verification_id']}").status_code
    assert (read, answers[0][0], answers[1][0]) == ((200, 403, 404) if which == "shown" else (404, 404, 404))
    assert answers[0][2] == answers[1][2], "in the same work as what is not there"
    assert (answers[0] == answers[1]) is (which == "hidden")
    expected = {"cancel": 202, "retry": 409}[action]
    assert world.as_("alice").post(f"/v1/verifications/{ids['verification_id']}/{action}").status_code == expected
    assert world.as_("admin").post(f"/v1/verifications/{ids['verification_id']}/{action}").status_code == expected


def test_a_record_of_another_is_not_changed_and_names_are_the_publishers_own(world: World) -> None:
    bob, alice = world.as_("bob"), world.as_("alice")
    before = alice.get(f"/v1/records/{world.shown['record_id']}").json()
    changes = (("put", "record", {}), ("patch", "record", {"If-Match": "*"}), ("patch", "claim", {"If-Match": "*"}))
    for ids, status in ((world.shown, 403), (world.hidden, 404)):
        for method, what, headers in changes:
            path = f"/v1/{what}s/{ids[what + '_id']}"
            told = {"title": "Bob's"} if what == "record" else {"visibility": "private"}
            with world.statements() as asked:
                answer = bob.request(method, path, json=told, headers=headers)
            with world.statements() as looked:
                bob.request(method, path[:-2] + "00", json=told, headers=headers)
            assert answer.status_code == status, path
            assert answer.json()["type"] == ("/problems/not-yours" if status == 403 else "/problems/not-found")
            assert (bob.get(path).status_code == 200) == (status == 403), "what may be read is refused, with the reason"
            assert asked == looked, "in the same work as what is not there"
    closed = bob.patch(
        f"/v1/claims/{world.closed['claim_id']}", json={"visibility": "public"}, headers={"If-Match": "*"}
    )
    assert closed.status_code == 404, "a closed claim of a public record is not there"
    made = bob.put(f"/v1/records/{SECRET}", json={"title": "Bob's own"})
    assert made.status_code == 201
    assert made.json()["publisher"] == "bob"
    assert bob.get(f"/v1/records/{SECRET}").json()["title"] == "Bob's own"
    assert alice.get(f"/v1/records/{SECRET}").json()["id"] == world.hidden["record_id"]
    assert world.as_(None).get(f"/v1/records/{SECRET}").status_code == 404  # strangers use our id
    assert world.as_(None).get(f"/v1/records/{made.json()['id']}").status_code == 200
    assert bob.put("/v1/records/mine", json={"superseded_by": world.shown["record_id"]}).status_code == 422
    assert alice.get(f"/v1/records/{world.shown['record_id']}").json() == before


def test_the_same_bundle_of_two_publishers_is_two_questions(world: World) -> None:
    first = world.of("alice").submit()
    assert (first.status_code, world.of("alice").submit().status_code) == (202, 200)
    second = world.of("bob").submit()
    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]
    assert second.json()["seal"] == first.json()["seal"]
