"""Logging in with a key: who may, what a cookie is good for, when it ends, and forms that nobody else can send."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app import actions
from app.store import logins
from tests.api.service import ADDRESS, open_service
from tests.api.tenants import WRONG, World, bundle, worlds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

COOKIE = "assay-login-8000"
BAD = ("alice_expired", "alice_revoked", "wrong", "malformed", "nothing", "odd")
PRIVATE = ("/records/{record_id}", "/claims/{claim_id}", "/verifications/{verification_id}", "/runs/{run_id}")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service with two publishers, on both databases."""
    yield from worlds(request.param, migrated, tmp_path_factory.mktemp("logins"))


def browser(world: World, address: str = ADDRESS) -> TestClient:
    """Return a browser with a jar of cookies of its own, which follows nothing by itself."""
    headers = {"Accept": "text/html"}
    peer = ("127.0.0.1", 50000)
    return TestClient(world.service.client.app, address, client=peer, headers=headers, follow_redirects=False)


def log_in(world: World, client: TestClient, name: str, goal: str = "/", **headers: str) -> httpx2.Response:
    """Send the form of the login."""
    shown = {"wrong": WRONG, "malformed": "assay_live_x", "nothing": "", "odd": "\u00e4\u0000\ud7ff", **world.keys}
    origin = {"Origin": str(client.base_url).rstrip("/")} | {
        key.replace("_", "-"): text for key, text in headers.items()
    }
    return client.post("/login", data={"key": shown[name], "next": goal}, headers=origin)


def logged_in(world: World, name: str) -> TestClient:
    client = browser(world)
    assert log_in(world, client, name).status_code == 303
    return client


def token_of(answer: httpx2.Response) -> str:
    found = re.search(r'name="form_token" value="([^"]*)"', answer.text)
    assert found is not None, answer.text[:400]
    return found[1]


def job(world: World, name: str = "alice", title: str = "waiting") -> str:
    """Submit a claim of which no run is taken; returns its verification."""
    found = world.of(name).submit(bundle(f"{title}-{datetime.now(UTC).timestamp():f}".replace(".", "-"), None))
    assert found.status_code == 202, found.text
    return str(found.json()["id"])


def state(world: World, verification: str) -> str:
    return str(world.as_("admin").get(f"/v1/verifications/{verification}").json()["state"])


# --- the cookie -------------------------------------------------------------------------------------------------------


def test_a_login_opens_what_its_key_opens_and_no_more(world: World) -> None:
    alice, bob, poor = (logged_in(world, name) for name in ("alice", "bob", "poor"))
    for path in PRIVATE:
        where = path.format(**world.hidden)
        assert alice.get(where).status_code == 200, where
        for other in (bob, poor, browser(world)):
            assert other.get(where).status_code == 404, where
    claim = f"/claims/{world.hidden['claim_id']}"
    assert claim in alice.get("/").text
    assert claim not in bob.get("/").text
    assert claim not in browser(world).get("/").text
    assert alice.get(f"/v1/verdicts/{world.hidden['verdict_id']}/evidence").status_code == 200


def test_pages_say_who_looks_and_nobody_else_is_sent_them(world: World) -> None:
    alice, bob, stranger = logged_in(world, "alice"), logged_in(world, "bob"), browser(world)
    for path in (
        "/",
        "/workers",
        "/read",
        f"/claims/{world.shown['claim_id']}",
        f"/records/{world.shown['record_id']}",
    ):
        pages = {"alice": alice.get(path), "bob": bob.get(path)}
        for name, answer in pages.items():
            assert f'<a href="/login">{name}</a>' in answer.text, path
            assert "private" in answer.headers["Cache-Control"]
            assert 'action="/logout"' in answer.text
        strangers = stranger.get(path)
        assert '<a href="/login">Log in</a>' in strangers.text
        assert "form_token" not in strangers.text
        assert token_of(pages["alice"]) != token_of(pages["bob"])
        assert "<!--" not in strangers.text + pages["alice"].text
        tags = {answer.headers.get("ETag") for answer in (*pages.values(), strangers)}
        assert len(tags) == (3 if None not in tags else 1), "a copy of one login's page is not good for another"


def test_the_cookie_is_no_scripts_and_no_other_sites_and_nothing_of_it_is_stored(world: World) -> None:
    client = browser(world)
    answer = log_in(world, client, "alice", "/workers?x=1")
    assert answer.headers["Location"] == "/workers?x=1"
    told = {item.strip().lower() for item in answer.headers["Set-Cookie"].split(";")}
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= told
    assert not {item for item in told if item.startswith("domain")}
    token = client.cookies[COOKIE]
    assert len(token) == 43
    with world.service.parts.store.read() as session:
        rows = session.connection().execute(text("SELECT * FROM login")).all()
    assert token not in repr(rows)
    assert world.keys["alice"] not in repr(rows)
    assert world.keys["alice"] not in client.cookies.values()


def test_over_tls_a_cookie_is_for_this_host_and_for_tls_alone(world: World) -> None:
    client = browser(world, "https://127.0.0.1:8000")
    assert "secure" in log_in(world, client, "alice").headers["Set-Cookie"].lower()


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_key_is_refused_in_the_same_words_whyever_it_is_bad(world: World, bad: str) -> None:
    client = browser(world)
    with world.statements() as asked:
        answer = log_in(world, client, bad, "/workers")
    assert answer.status_code == 401
    assert "The key is not one of this service, or it is no longer good." in answer.text
    assert 'value="/workers"' in answer.text
    assert not client.cookies
    with world.statements() as other:
        assert log_in(world, browser(world), "wrong", "/workers").text == answer.text
    assert asked == other
    assert len(asked) == 1


@pytest.mark.parametrize(
    "goal",
    ["//evil.example", "/\\evil.example", "https://evil.example", "", "evil", "/login", "/logout", "/a\r\nX: y", "/ä"],
)
def test_a_login_leads_to_a_page_of_ours_alone(world: World, goal: str) -> None:
    assert log_in(world, browser(world), "alice", goal).headers["Location"] == "/"


def test_the_form_knows_from_which_page_of_ours_somebody_came(world: World) -> None:
    client = browser(world)
    for came, goal in (("/claims/clm_1?x=2", "/claims/clm_1?x=2"), ("/login", "/")):
        assert f'name="next" value="{goal}"' in client.get("/login", headers={"Referer": ADDRESS + came}).text
    told = client.get("/login", headers={"Referer": "https://elsewhere.example/claims/clm_1"}).text
    assert 'name="next" value="/"' in told


# --- its end ----------------------------------------------------------------------------------------------------------


def ended(client: TestClient, world: World) -> None:
    """Assert that a cookie opens nothing and sends nothing."""
    where = f"/verifications/{world.hidden['verification_id']}"
    assert client.get(where).status_code == 404
    answer = client.post(f"{where}/cancel", data={"form_token": "x"}, headers={"Origin": ADDRESS})
    assert answer.status_code == 401
    assert "nobody is logged in here" in answer.text.lower()
    assert '<a href="/login">Log in</a>' in client.get("/").text


def test_who_logs_out_is_a_stranger_again_and_so_is_a_copy_of_the_cookie(world: World) -> None:
    client = logged_in(world, "alice")
    copy = browser(world)
    copy.cookies.set(COOKIE, client.cookies[COOKIE])
    page = client.get("/login")
    assert "You are logged in" in page.text
    answer = client.post("/logout", data={"form_token": token_of(page)}, headers={"Origin": ADDRESS})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert not client.cookies
    ended(copy, world)


def test_a_login_ends_with_its_key(world: World) -> None:
    for end in ("revoked", "expired"):
        world.make(f"ending-{end}", "alice")
        client = logged_in(world, f"ending-{end}")
        assert client.get(f"/claims/{world.hidden['claim_id']}").status_code == 200
        if end == "revoked":
            actions.revoke_key(world.service.parts, world.ids["ending-revoked"])
        else:
            change("UPDATE api_key SET expires_at = :past WHERE id = :id", world, world.ids["ending-expired"])
        ended(client, world)


def test_a_login_ends_by_itself(world: World) -> None:
    world.make("timed", "alice")
    client = logged_in(world, "timed")
    until = datetime.fromisoformat(client.get("/login.json").json()["until"])
    assert timedelta(hours=11) < until - datetime.now(UTC) < timedelta(hours=13)
    change("UPDATE login SET expires_at = :past WHERE key_id = :id", world, world.ids["timed"])
    ended(client, world)
    logged_in(world, "bob")
    with world.service.parts.store.read() as session:
        asked = text("SELECT count(*) FROM login WHERE key_id = :id")
        assert session.connection().execute(asked, {"id": world.ids["timed"]}).scalar_one() == 0, "it is forgotten"


def change(statement: str, world: World, key_id: str) -> None:
    with world.service.parts.store.transaction() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.connection().execute(text(statement), {"past": past, "id": key_id})


def test_a_key_has_so_many_logins_and_the_oldest_makes_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "LOGINS_MAX", 3)
    world.make("often", "alice")
    clients = [logged_in(world, "often") for _ in range(5)]
    other = logged_in(world, "alice")
    seen = [client.get(f"/claims/{world.hidden['claim_id']}").status_code for client in (*clients, other)]
    assert seen == [404, 404, 200, 200, 200, 200]


# --- forms ------------------------------------------------------------------------------------------------------------


def test_who_is_logged_in_cancels_by_the_button_of_the_page(world: World) -> None:
    found, client = job(world), logged_in(world, "alice")
    page = client.get(f"/verifications/{found}")
    assert f'action="/verifications/{found}/cancel"' in page.text
    sent = {"form_token": token_of(page)}
    answer = client.post(f"/verifications/{found}/cancel", data=sent, headers={"Origin": ADDRESS})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/verifications/{found}")
    assert state(world, found) == "cancelled"
    assert "/cancel" not in client.get(f"/verifications/{found}").text


def test_who_is_logged_in_tries_a_faulted_one_again_by_the_button_of_the_page(world: World) -> None:
    found, client = job(world), logged_in(world, "alice")
    sent = {"form_token": token_of(client.get("/"))}
    where = f"/verifications/{found}/retry"
    early = client.post(where, data=sent, headers={"Origin": ADDRESS})
    assert early.status_code == 409
    assert "only a faulted one is retried" in early.text
    actions.fault_verification(world.service.parts, found, "WORKER_LOST", "every worker was lost")
    page = client.get(f"/verifications/{found}")
    assert f'action="{where}"' in page.text
    assert where not in logged_in(world, "poor").get(f"/verifications/{found}").text
    answer = client.post(where, data={"form_token": token_of(page)}, headers={"Origin": ADDRESS})
    assert answer.status_code == 303
    goal = answer.headers["Location"]
    assert goal.startswith("/verifications/ver_")
    assert goal != f"/verifications/{found}"
    assert state(world, goal.rpartition("/")[2]) == "queued"


def test_nobody_elses_page_has_the_button_and_nobody_else_can_press_it(world: World) -> None:
    found = job(world)
    for name, status in (("bob", 404), ("poor", 403)):
        client = logged_in(world, name)
        page = client.get(f"/verifications/{found}")
        assert "/cancel" not in page.text
        sent = {"form_token": token_of(client.get("/"))}
        answer = client.post(f"/verifications/{found}/cancel", data=sent, headers={"Origin": ADDRESS})
        assert answer.status_code == status
    assert state(world, found) == "queued"
    assert "/cancel" not in browser(world).get(f"/verifications/{found}").text


@pytest.mark.parametrize("where", ["cancel", "retry", "logout"])
def test_a_forged_form_is_refused(world: World, where: str) -> None:
    found, client = job(world), logged_in(world, "alice")
    path = "/logout" if where == "logout" else f"/verifications/{found}/{where}"
    own = token_of(client.get("/"))
    others = token_of(logged_in(world, "alice").get("/"))  # of the same key's other login
    ours = {"Origin": ADDRESS}
    for fields, headers in (
        ({}, ours),
        ({"form_token": ""}, ours),
        ({"form_token": others}, ours),
        ({"form_token": own[:-1]}, ours),
        ({"form_token": "\u00e4"}, ours),
        ({"form_token": client.cookies[COOKIE]}, ours),
        ({"form_token": own}, {"Origin": "https://elsewhere.example"}),
        ({"form_token": own}, {"Origin": "null"}),
        ({"form_token": own}, {**ours, "Sec-Fetch-Site": "cross-site"}),
    ):
        assert client.post(path, data=fields, headers=headers).status_code == 403, (fields, headers)
    assert state(world, found) == "queued"
    assert client.get(f"/claims/{world.hidden['claim_id']}").status_code == 200


def test_a_cookie_alone_changes_nothing_of_the_interface(world: World) -> None:
    found, client = job(world), logged_in(world, "admin")
    for path in (f"/v1/verifications/{found}/cancel", "/v1/keys"):
        for sent in ({"form_token": token_of(client.get("/"))}, {}):
            answer = client.post(path, data=sent, headers={"Origin": ADDRESS})
            assert answer.status_code == 401, path
    assert client.put("/v1/records/mine", json={}, headers={"Origin": ADDRESS}).status_code == 401
    assert state(world, found) == "queued"


@pytest.mark.parametrize("origin", [None, "null", "https://elsewhere.example", "http://127.0.0.1:8001"])
def test_nobody_is_logged_in_by_another_page(world: World, origin: str | None) -> None:
    client = browser(world)
    headers = {} if origin is None else {"Origin": origin}
    answer = client.post("/login", data={"key": world.keys["alice"]}, headers=headers)
    assert answer.status_code == 403
    assert not client.cookies


@pytest.mark.parametrize(("body", "status"), [(b"x" * 9000, 413), (b"\xff\xfe=1", 400), (b"&".join([b"a=1"] * 9), 400)])
def test_what_is_no_form_of_ours_is_refused(world: World, body: bytes, status: int) -> None:
    assert browser(world).post("/login", content=body, headers={"Origin": ADDRESS}).status_code == status


def test_a_program_with_a_key_needs_no_token(world: World) -> None:
    found = job(world)
    assert world.as_("alice").post(f"/verifications/{found}/cancel", follow_redirects=False).status_code == 303
    assert state(world, found) == "cancelled"


# --- without keys, and elsewhere ------------------------------------------------------------------------------------------


def test_while_no_key_exists_this_machine_needs_no_login_and_still_no_other_page_sends_forms(
    migrated: Path, tmp_path: Path
) -> None:
    for service in open_service(migrated, tmp_path):
        world = World(service)
        found, client = service.submit().json()["id"], browser(world)
        page = client.get(f"/verifications/{found}")
        assert "local, on this machine" in page.text
        assert "this machine needs none" in client.get("/login").text
        for sent in ({}, {"form_token": "x"}):
            answer = client.post(f"/verifications/{found}/cancel", data=sent, headers={"Origin": ADDRESS})
            assert answer.status_code == 403
        sent = {"form_token": token_of(page)}
        answer = client.post(f"/verifications/{found}/cancel", data=sent, headers={"Origin": ADDRESS})
        assert answer.status_code == 303
        assert service.client.get(f"/v1/verifications/{found}").json()["state"] == "cancelled"
        assert log_in(world, client, "wrong").status_code == 401


def test_elsewhere_nobody_logs_in_without_tls(migrated: Path, tmp_path: Path) -> None:
    for service in open_service(migrated, tmp_path, allow_hosts=["assay.example", "127.0.0.1"]):
        world = World(service)
        world.make("alice", "alice")
        client = browser(world, "http://assay.example")
        answer = log_in(world, client, "alice")
        assert answer.status_code == 403
        assert "without TLS" in answer.text
        behind = log_in(world, client, "alice", Origin="https://assay.example")  # as what speaks TLS passes it on
        assert behind.status_code == 303
        told = behind.headers["Set-Cookie"]
        assert told.startswith("__Host-assay-login=")
        assert {"secure", "path=/"} <= {item.strip().lower() for item in told.split(";")}
        token = told.partition("=")[2].partition(";")[0]
        name = "__Host-assay-login"
        assert '<a href="/login">alice</a>' in client.get("/", headers={"Cookie": f"{name}={token}"}).text
        for other in ("assay-login-80", "assay-login-8000"):  # a neighbour's page can set these
            assert '<a href="/login">' in client.get("/", headers={"Cookie": f"{other}={token}"}).text


def test_wrong_keys_and_forms_are_counted(migrated: Path, tmp_path: Path) -> None:
    for service in open_service(migrated, tmp_path, bad_keys_per_minute=2, changes_per_minute=6):
        world = World(service)
        world.make("alice", "alice")
        client = browser(world)
        assert [log_in(world, client, "wrong").status_code for _ in range(3)] == [401, 401, 429]
        assert log_in(world, client, "alice").status_code == 303, "no good key is locked out"
        sent = {"form_token": token_of(client.get("/"))}
        where = "/verifications/ver_none/cancel"
        told = [client.post(where, data=sent, headers={"Origin": ADDRESS}).status_code for _ in range(7)]
        assert told == [404] * 6 + [429]
