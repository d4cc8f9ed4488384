"""What a program is told to do about a request that cannot be served, in the document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core.caller import USUAL

if TYPE_CHECKING:
    import httpx2

    from tests.api.service import Service

JSON = {"Content-Type": "application/json"}


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    assert found["remedy"], "every problem says what to do"
    return found


def test_an_unknown_address_says_which_was_meant_and_where_the_front_door_is(service: Service) -> None:
    for path, goal in (("/v1/verdict", "/v1/verdicts"), ("/v1/verdicts/", "/v1/verdicts"), ("/nowhere-at-all", None)):
        told = problem(service.client.get(path), 404)
        assert ("Did you mean" in told["remedy"]) is (goal is not None)
        assert goal is None or f"`{goal}`" in told["remedy"]
        assert "`/` names the addresses to begin with" in told["remedy"]
    for goal in ("/v1/verdicts", "/", "/docs"):
        assert service.client.get(goal).status_code == 200


def test_the_front_door_names_every_list_and_no_path_of_a_repository(service: Service) -> None:
    told = service.client.get("/").json()
    addresses = [told["documentation"], *(path for path in told["urls"].values() if "{" not in path)]
    for path in addresses:
        assert service.client.get(path).status_code == 200, path
    lists = {path for path in service.client.app.openapi()["paths"] if path.count("/") == 2 and path.startswith("/v1/")}
    open_to_all = {path for path in lists if service.client.get(path).json().keys() >= {"data"}}
    assert open_to_all - {"/v1/webhook-endpoints"} <= set(addresses), "those of a key's holder are in the description"


def test_a_key_without_bearer_is_told_how_the_header_is_spelled(service: Service) -> None:
    _, key = actions.create_key(service.parts, actions.NewKey("local", "", USUAL))
    for shown in (key, "assay_live_x", f"Token {key}"):
        told = problem(service.client.get("/v1/verdicts", headers={"Authorization": shown}), 401)
        assert "`Authorization: Bearer assay_live_…`" in told["detail"]
        assert key not in str(told)
    wrong = problem(service.client.get("/v1/verdicts", headers={"Authorization": "Bearer x"}), 401)
    assert "Bearer" not in wrong["detail"]
    none = problem(service.client.get("/v1/webhook-endpoints"), 401)
    assert "`Authorization: Bearer assay_live_…`" in none["detail"]
    assert "assay keys create" in none["remedy"]


@pytest.mark.parametrize("path", ["/v1/records/r", "/v1/verifications"])
def test_a_body_that_is_no_json_is_told_where_it_ends_being_one(service: Service, path: str) -> None:
    method = "PUT" if "records" in path else "POST"
    answer = service.client.request(method, path, content=b'{"title":\n  "x",\n  oops}', headers=JSON)
    told = answer.json()
    assert "line 3, column 3" in str(told), told
    assert all(item["pointer"] == "" for item in told["errors"])


def test_a_body_that_is_too_large_is_told_how_large_it_may_be(service: Service) -> None:
    answer = service.client.put("/v1/records/r", content=b" " * ((1 << 20) + 1), headers=JSON)
    assert f"at most {1 << 20} bytes" in problem(answer, 413)["detail"]


@pytest.mark.parametrize("value", ["yesterday", "1700000000", "2026-01-01"])
def test_a_filter_by_time_that_cannot_be_read_is_told_an_example(service: Service, value: str) -> None:
    (item,) = problem(service.client.get(f"/v1/verdicts?since={value}"), 422)["errors"]
    assert "2026-01-31T12:00:00Z" in item["remedy"]
    assert item["pointer"] == "/since"
