"""Whatever a request gets wrong is told in a sentence of ours, with its place and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.api.invalid import in_words
from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.service import Service

LISTS = "/v1/verifications"


@pytest.mark.parametrize(
    ("address", "pointer", "detail", "remedy"),
    [
        (f"{LISTS}?limit=0", "/limit", "`limit` is too small", "give a number of at least 1"),
        (f"{LISTS}?limit=201", "/limit", "`limit` is too large", "give a number of at most 200"),
        (f"{LISTS}?limit=many", "/limit", "`limit` is no whole number", "write it with digits alone, as in 20"),
        (f"{LISTS}?since=1.5", "/since", "`since` is no time with its offset", "write it as in 2026-01-31T12:00:00Z"),
        (f"{LISTS}?since=2026-01-31T12:00:00", "/since", "`since` is no time with its offset", "write it as in 2026-"),
        (f"{LISTS}?since=2026-13-31T12:00:00Z", "/since", "`since` is no time with its offset", "write it as in 2026-"),
        (f"{LISTS}?stat=queued", "/stat", "this parameter is not known here", "did you mean 'state'?"),
        (f"{LISTS}?zzz=1", "/zzz", "this parameter is not known here", "use one of limit, cursor, since, until, "),
        (f"{LISTS}?state=queued&state=failed", "/state", "`state` is there more than once", "send it once"),
        (f"{LISTS}?limit=1&limit=1", "/limit", "`limit` is there more than once", "send it once"),
        (f"{LISTS}?state=done", "/state", "`state` is none of the words", "write one of queued, running, concluding, "),
        (f"{LISTS}?claim_id=x", "/claim_id", "`claim_id` is not spelled", "write an id of this service, as it stands"),
        (f"{LISTS}?publisher=%00", "/publisher", "`publisher` is not spelled", "write 1 to 200 characters without"),
        ("/v1/ledger/consistency?first=1", "/second", "`second` is missing", "add it"),
        ("/v1/ledger/x/receipt", "/index", "`index` is no whole number", "write it with digits alone"),
        ("/v1/records/NONE", "/record_id", "`record_id` is not spelled", "write at most 64 of a-z"),
        ("/v1/claims/x", "/claim_id", "`claim_id` is not spelled", "write an id as it stands in answers: clm_…"),
        ("/v1/runs/run_0/stdlog", "/stream", "`stream` is none of the words", "write one of stdout or stderr"),
    ],
)
def test_a_wrong_parameter_is_told_with_place_and_remedy(
    house: Service, address: str, pointer: str, detail: str, remedy: str
) -> None:
    answer = house.client.get(address)
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert found["pointer"] == pointer
    assert found["detail"].startswith(detail)
    assert found["remedy"].startswith(remedy)


def test_no_parameter_is_a_list_for_the_same_one_twice_is_refused(house: Service) -> None:
    operations = [item for path in house.client.get("/openapi.json").json()["paths"].values() for item in path.values()]
    schemas = [item["schema"] for one in operations for item in one.get("parameters", ()) if item["in"] == "query"]
    assert schemas
    kinds = [kind.get("type") for found in schemas for kind in (found, *found.get("anyOf", ()))]
    assert "array" not in kinds


@pytest.mark.parametrize(
    ("facts", "pointer", "remedy"),
    [
        ({"claims_total": -1}, "/claims_total", "give a number of at least 0"),
        ({"claims_total": "many"}, "/claims_total", "write it with digits alone"),
        ({"claims_total": 1.5}, "/claims_total", "leave the fraction out"),
        ({"title": 5}, "/title", "write it in quotes"),
        ({"title": "x" * 5000}, "/title", "write at most "),
        ({"visibility": "secret"}, "/visibility", "write one of "),
        ({"artifacts": {}}, "/artifacts", "write its items in square brackets"),
        ({"benchmarks": [{}]}, "/benchmarks/0/model", "add it"),
        ({"review_score": "good"}, "/review_score", "write it with digits and at most one point"),
        ([], "", "write its members in braces"),
    ],
)
def test_a_wrong_member_is_told_with_place_and_remedy(house: Service, facts: Any, pointer: str, remedy: str) -> None:
    answer = house.client.put("/v1/records/r", json=facts)
    assert answer.status_code == 422
    found = answer.json()["errors"][0]
    assert (found["in"], found["pointer"]) == ("body", pointer)
    assert found["remedy"].startswith(remedy)


def test_an_unreadable_body_is_told_as_one(house: Service) -> None:
    headers = {"Content-Type": "application/json"}
    (found,) = house.client.put("/v1/records/r", content=b"{", headers=headers).json()["errors"]
    told = "the body is not JSON: it ends being JSON at line 1, column 2"
    assert (found["detail"], found["remedy"]) == (told, "check the document with a JSON parser")


def patterns(value: Any) -> Iterator[str]:
    """Yield the patterns of everything that is sent."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for key, item in value.items():
            if key not in {"examples", "responses"}:
                yield from patterns(item)
    elif isinstance(value, list):
        for item in value:
            yield from patterns(item)


def test_every_pattern_of_what_is_sent_is_said_in_words() -> None:
    document = create_app(Settings()).openapi()
    sent = {name: item for name, item in document["components"]["schemas"].items() if name.endswith("In")}
    found = set(patterns([document["paths"], sent]))
    assert len(found) > 10
    assert {pattern for pattern in found if not in_words(pattern)} == set()


def test_an_item_of_a_list_is_named_by_its_place_in_it(house: Service) -> None:
    answer = house.client.put("/v1/records/r", json={"artifacts": [{"type": "report", "label": "x", "url": "ftp://a"}]})
    (found,) = answer.json()["errors"]
    assert found["detail"].startswith("`url`")
    answer = house.client.put("/v1/records/r", json={"artifacts": ["x"]})
    assert answer.json()["errors"][0]["detail"].startswith("item 1 of `artifacts` is no object")
