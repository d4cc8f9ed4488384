"""Budgets at the door: what their holder is told, and what the operator sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.core.caller import USUAL, Budgets, Scope
from app.settings import MAXIMUM_LIMITS
from tests.api.bundles import SCRIPT_CLAIM, formula_bundle, formula_document, script_bundle, tarred
from tests.api.service import TARGET
from tests.api.tenants import World

if TYPE_CHECKING:
    from tests.api.service import Service

GPU = SCRIPT_CLAIM + "\n[limits]\ngpus = 1\n"


@pytest.fixture
def world(service: Service) -> World:
    found = World(service)
    found.make("admin", "house", frozenset({Scope.ADMIN}))
    return found


def test_the_problem_says_which_budget_how_much_and_when(world: World) -> None:
    world.make("alice", "alice", USUAL, Budgets(queued_runs=1))
    alice = world.of("alice")
    first = alice.submit()
    assert first.status_code == 202
    answer = alice.submit(script_bundle())
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (429, "/problems/budget-used")
    assert problem["budget"] == {"name": "queued_runs", "limit": 1, "used": 1.0, "needed": 1.0, "frees_at": None}
    assert answer.headers["Retry-After"] == "30"
    assert alice.submit().json()["id"] == first.json()["id"]  # what is known costs nothing
    alice.client.post(first.json()["urls"]["cancel"])
    assert alice.submit(script_bundle()).status_code == 202


def test_a_days_budget_frees_after_a_day_at_the_latest(world: World) -> None:
    most = world.service.submit(script_bundle())
    assert most.status_code == 401  # since there are keys
    world.make("rich", "rich")
    planned = world.of("rich").submit(script_bundle()).json()["runs_planned"]
    world.make("alice", "alice", USUAL, Budgets(cpu_seconds_per_day=planned * 60))
    alice = world.of("alice")
    assert alice.submit(script_bundle()).status_code == 202
    answer = alice.submit(script_bundle(), force="true")
    told = answer.json()["budget"]
    assert answer.status_code == 429
    assert (told["name"], told["used"], told["needed"]) == ("cpu_seconds_per_day", planned * 60, planned * 60)
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400


def test_what_never_fits_is_forbidden(world: World) -> None:
    world.make("alice", "alice", USUAL, Budgets(cpu_seconds_per_day=1))
    answer = world.of("alice").submit(script_bundle())
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/budget-too-small")
    assert "Retry-After" not in answer.headers


def test_the_operator_sees_what_is_used(world: World) -> None:
    wanted = {"publisher": "alice", "queued_runs": 5, "cpu_seconds_per_day": 100_000, "gpu_seconds_per_day": 7}
    made = world.as_("admin").post("/v1/keys", json=wanted).json()
    assert made["used"] == {"queued_runs": 0, "cpu_seconds_per_day": 0.0, "gpu_seconds_per_day": 0.0}
    world.keys["alice"] = made["key"]
    planned = world.of("alice").submit(script_bundle()).json()["runs_planned"]
    for shown in (
        world.as_("admin").get(f"/v1/keys/{made['id']}").json(),
        next(row for row in world.as_("admin").get("/v1/keys").json()["data"] if row["id"] == made["id"]),
    ):
        assert shown["used"] == {"queued_runs": 1, "cpu_seconds_per_day": planned * 60, "gpu_seconds_per_day": 0.0}
        assert {name: shown[name] for name in wanted} == wanted
    successor = world.as_("admin").post(f"/v1/keys/{made['id']}/rotate", json={}).json()
    assert (successor["used"]["queued_runs"], successor["account"]) == (1, made["id"])


def test_nobody_is_shown_whose_budget_a_verification_counts_against(world: World) -> None:
    world.make("alice", "alice")
    document = world.of("alice").submit().json()
    assert not {"account", "cpu_ms_reserved", "cpu_ms"} & set(document)


def test_gpu_time_is_spent_only_by_a_request_that_can_be_repeated(serving: Any) -> None:
    more = MAXIMUM_LIMITS.model_copy(update={"gpus": 1})
    with serving(maximum_limits=more) as service:
        archive = tarred(script_bundle(GPU))
        before = service.rows()
        refused = service.send(archive)
        assert (refused.status_code, refused.json()["type"]) == (400, "/problems/idempotency-key-needed")
        assert service.rows() == before
        bundle = {"bundle": ("b", archive, "application/octet-stream")}
        taken = service.client.post(TARGET, files=bundle, headers={"Idempotency-Key": "k"})
        assert taken.status_code == 202
        assert service.send(archive).json()["id"] == taken.json()["id"]  # spends nothing
        assert service.send(archive, force="true").status_code == 400
        assert service.submit(formula_bundle()).status_code == 202  # a formula takes no GPU


def test_a_batch_is_judged_claim_by_claim(world: World) -> None:
    world.make("alice", "alice", USUAL, Budgets(queued_runs=1))
    second = {**formula_document(), "claim": {"id": "other", "statement": "Something else."}}
    answer = world.as_("alice").post(f"{TARGET}/batch", json={"claims": [formula_document(), second]})
    assert [item["status"] for item in answer.json()["data"]] == [202, 429]
    assert answer.json()["data"][1]["problem"]["budget"]["name"] == "queued_runs"
