"""Lists: pages that leave nothing out and tell nothing twice, filters, cursors that cannot be forged, hidden things."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest

from app.store import lists
from tests.api.bundles import CLAIM, SCRIPT_CLAIM, formula_bundle, script_bundle
from tests.api.service import Sums

if TYPE_CHECKING:
    from tests.api.service import Service

NAMED = ("records", "claims", "verifications", "runs", "verdicts", "workers", "events")


def named(number: int, record: str = "") -> dict[str, bytes]:
    """Return one of many formula bundles."""
    around = f'[record]\nid = "{record}"\n[claim]' if record else "[claim]"
    return formula_bundle(CLAIM.replace("[claim]", around).replace('id = "gain"', f'id = "gain-{number}"'))


#: What a stranger is shown, for whom this machine's own browser asks when a page of another site makes it.
STRANGER = {"Sec-Fetch-Site": "cross-site"}


def pages(
    service: Service, path: str, headers: dict[str, str] | None = None, **query: Any
) -> list[list[dict[str, Any]]]:
    """Return every page of a list, following `Link`."""
    found, address = [], f"{path}?" + "&".join(f"{name}={value}" for name, value in query.items())
    while address:
        answer = service.client.get(address, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["data"])
        link = re.fullmatch(r'<(.*)>; rel="next"', answer.headers.get("Link", ""))
        assert (link is None) == (answer.json()["next_cursor"] is None)
        address = link[1] if link else ""
    return found


def ids(rows: list[list[dict[str, Any]]]) -> list[str]:
    return [row["id"] for page in rows for row in page]


@pytest.mark.parametrize("name", NAMED)
def test_every_list_answers_when_there_is_nothing(service: Service, name: str) -> None:
    answer = service.client.get(f"/v1/{name}")
    assert answer.status_code == 200
    assert answer.json()["data"] == []
    assert answer.headers["ETag"].startswith("W/")
    again = service.client.get(f"/v1/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["claims", "verifications", "runs"])
def test_pages_leave_nothing_out_and_tell_nothing_twice(service: Service, name: str) -> None:
    made = [service.submit(named(number)).json() for number in range(7)]
    found = pages(service, f"/v1/{name}", limit=3)
    assert [len(page) for page in found] == [3, 3, 1]
    wanted = {
        "claims": [item["claim"]["id"] for item in made],
        "verifications": [item["id"] for item in made],
        "runs": [item["runs"][0]["id"] for item in made],
    }
    assert ids(found) == wanted[name][::-1]


def test_what_comes_while_a_client_pages_shifts_nothing(service: Service) -> None:
    made = [service.submit(named(number)).json()["id"] for number in range(4)]
    first = service.client.get("/v1/verifications?limit=2")
    service.submit(named(99))
    second = service.client.get(first.headers["Link"].split(">")[0][1:])
    assert [row["id"] for row in second.json()["data"]] == made[1::-1]


def test_verdicts_are_listed_filtered_and_counted(service: Service) -> None:
    good = service.conclude(Sums(), script_bundle())
    bad = service.conclude(Sums(1), script_bundle(SCRIPT_CLAIM.replace('"total"\nstatement', '"other"\nstatement')))
    assert ids(pages(service, "/v1/verdicts")) == [bad["verdict"]["id"], good["verdict"]["id"]]
    row = service.client.get("/v1/verdicts?status=VERIFIED").json()["data"]
    assert [item["id"] for item in row] == [good["verdict"]["id"]]
    assert row[0] | {"urls": None} == {
        "id": good["verdict"]["id"],
        "verification_id": good["id"],
        "claim_id": good["claim"]["id"],
        "claim": "total",
        "statement": "The scores add up to 6",
        "kind": "script",
        "record_id": None,
        "publisher": "local",
        "closed": False,
        "evidence_holds": True,
        "gate": None,
        **{name: good["verdict"][name] for name in ("status", "outcome", "reason_code", "blame", "reason", "evidence")},
        "evaluated_at": row[0]["evaluated_at"],
        "urls": None,
    }
    assert service.client.get(row[0]["urls"]["self"]).json()["id"] == row[0]["id"]
    for query, number in (
        (f"claim_id={bad['claim']['id']}", 1),
        (f"reason_code={bad['verdict']['reason_code']}", 1),
        ("kind=script", 2),
        ("kind=formula", 0),
        ("publisher=local", 2),
        ("publisher=nobody", 0),
        ("outcome=exited", 2),
        ("blame=service", 0),
        ("outcome=timeout", 0),
        ("gate=VERIFIED", 0),
        (f"since={row[0]['evaluated_at'].replace('+00:00', 'Z')}", 2),
        (f"until={row[0]['evaluated_at'].replace('+00:00', 'Z')}", 0),
    ):
        assert len(service.client.get(f"/v1/verdicts?{query}").json()["data"]) == number, query
    summary = service.client.get("/v1/verdicts/summary").json()
    assert summary["status"] == {"VERIFIED": 1, "FALSIFIED": 1}
    assert summary["kind"] == {"script": 2}
    assert ids(pages(service, f"/v1/claims/{good['claim']['id']}/verdicts")) == [good["verdict"]["id"]]


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("verdicts/summary?publisher=nobody", "leave it out"),
        ("verdicts?staus=VERIFIED", "did you mean 'status'?"),
        ("events?kind=verdict", "use one of limit, after"),
        ("ledger?form=2", "did you mean 'from'?"),
        ("ledger/checkpoints?since=2026-01-01", "use one of limit"),
        ("workers?queue=gpu", "use one of limit, cursor, since, until, host"),
    ],
)
def test_what_is_not_read_is_no_filter(service: Service, asked: str, remedy: str) -> None:
    answer = service.client.get(f"/v1/{asked}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["in"], error["code"], error["remedy"]) == ("query", "extra-forbidden", remedy)
    path, _, query = asked.partition("?")
    assert error["pointer"] == "/" + query.partition("=")[0]
    assert service.client.get(f"/v1/{path}").status_code == 200


def test_addresses_that_are_no_lists_bear_parameters_of_others(service: Service) -> None:
    assert service.client.get("/livez?from=balancer").status_code == 200
    assert service.client.get("/?utm_source=letter", headers={"Accept": "text/html"}).status_code == 200


def test_runs_and_verifications_are_filtered(service: Service) -> None:
    done = service.conclude(Sums(), script_bundle())
    queued = service.submit().json()
    runs = service.client.get("/v1/runs?purpose=measure&state=done").json()["data"]
    assert [run["verification_id"] for run in runs] == [done["id"]]
    assert runs[0]["outcome"]["kind"] == "exited"
    assert service.client.get(runs[0]["urls"]["stdout"]).text == "said\n"
    assert len(pages(service, f"/v1/verifications/{done['id']}/runs")[0]) == len(done["runs"])
    assert service.client.get("/v1/runs?outcome=timeout").json()["data"] == []
    for query, wanted in (("state=queued", queued), ("state=concluded", done), ("kind=script", done)):
        assert [row["id"] for row in service.client.get(f"/v1/verifications?{query}").json()["data"]] == [wanted["id"]]
    listed = service.client.get("/v1/verifications?state=concluded").json()["data"][0]
    assert (listed["status"], listed["verdict_id"]) == ("VERIFIED", done["verdict"]["id"])


def test_what_a_publisher_keeps_closed_is_in_no_list(service: Service) -> None:
    service.client.put("/v1/records/hidden", json={"visibility": "private", "claims_visibility": "open"})
    service.client.put("/v1/records/closed", json={"title": "t"})
    service.client.put("/v1/records/open", json={"claims_visibility": "open"})
    for record in ("hidden", "closed", "open"):
        claim = SCRIPT_CLAIM.replace("[claim]", f'[record]\nid = "{record}"\n[claim]')
        service.conclude(Sums(), script_bundle(claim))

    def told(name: str, headers: dict[str, str] | None = STRANGER) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = service.client.get(f"/v1/{name}", headers=headers).json()["data"]
        return found

    records = told("records")
    assert {row["external_id"] for row in records} == {"closed", "open"}
    shown = next(row["id"] for row in records if row["external_id"] == "open")
    for name in ("claims", "verifications", "runs", "verdicts"):
        rows, own = told(name), told(name, None)
        assert rows, name
        assert not any(row["closed"] for row in rows), name
        if name != "runs":
            assert {row["record_id"] for row in rows} == {shown}, name
            assert {row["record_id"]: row["closed"] for row in own} == {
                row["id"]: row["external_id"] != "open" for row in told("records", None)
            }, "without keys, this machine is shown its publisher's own"
    assert {row["external_id"]: row["visibility"] for row in told("records", None)} == {
        "hidden": "private",
        "closed": "public",
        "open": "public",
    }
    assert {row["verification_id"] for row in told("events")} == {row["id"] for row in told("verifications")}
    assert {row["verification_id"] for row in told("events", None)} == {
        row["id"] for row in told("verifications", None)
    }


def test_a_page_that_looks_at_many_hidden_rows_is_short_and_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = service.submit(named(0)).json()["id"]
    service.client.put("/v1/records/hidden", json={"visibility": "private"})
    for number in range(1, 6):
        service.submit(named(number, "hidden"))
    last = service.submit(named(9)).json()["id"]
    monkeypatch.setattr(lists, "WINDOW", 3)
    found = pages(service, "/v1/verifications", STRANGER)
    assert ids(found) == [last, first]
    assert len(found) == 3


def test_a_cursor_that_stands_at_a_hidden_row_does_not_tell_which(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.client.put("/v1/records/hidden", json={"visibility": "private"})
    secret = [service.submit(named(number, "hidden")).json() for number in range(1, 4)]
    monkeypatch.setattr(lists, "WINDOW", 2)
    answer = service.client.get("/v1/verifications", headers=STRANGER).json()
    assert answer["data"] == []
    told = base64.urlsafe_b64decode(answer["next_cursor"] + "==")
    for row in secret:
        assert row["id"].encode() not in told
        assert row["created_at"][:10].encode() not in told
    again = service.client.get("/v1/verifications", headers=STRANGER).json()
    assert again["next_cursor"] == answer["next_cursor"], "a page that stayed as it was is answered 304"


def test_a_cursor_is_good_for_its_own_question_alone(service: Service) -> None:
    for number in range(3):
        service.submit(named(number))
    cursor = service.client.get("/v1/verifications?limit=1").json()["next_cursor"]
    assert service.client.get(f"/v1/verifications?limit=2&cursor={cursor}").status_code == 200
    forged = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for path in (
        f"/v1/verifications?state=queued&cursor={cursor}",
        f"/v1/runs?cursor={cursor}",
        f"/v1/verifications?since=2020-01-01T00:00:00Z&cursor={cursor}",
        f"/v1/verifications?cursor={forged}",
        "/v1/verifications?cursor=",
        "/v1/verifications?cursor=%00",
        "/v1/verifications?cursor=W10",
    ):
        answer = service.client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-cursor"), path


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "nope=1",
        "state=odd",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "since=0001-01-01T00:00:00%2B23:59",
        "publisher=%00",
        "claim_id=%00",
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(service: Service, query: str) -> None:
    answer = service.client.get(f"/v1/verifications?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "query"


def test_workers_say_whether_they_are_there(service: Service) -> None:
    from app import actions
    from app.store.presence import KnownWorker

    actions.announce(service.parts, KnownWorker("host:1", frozenset({"cpu"}), frozenset()))
    actions.announce(service.parts, KnownWorker("other:2", frozenset({"cpu"}), frozenset()))
    found = pages(service, "/v1/workers", limit=1)
    assert [row["name"] for page in found for row in page] == ["other:2", "host:1"]
    assert all(row["present"] for page in found for row in page)
    assert [row["name"] for row in service.client.get("/v1/workers?host=host").json()["data"]] == ["host:1"]


@pytest.mark.parametrize(
    ("wanted", "status", "text", "where"),
    [
        ("bytes=0-1", 206, "sa", "bytes 0-1/5"),
        ("bytes=1-", 206, "aid\n", "bytes 1-4/5"),
        ("bytes=-2", 206, "d\n", "bytes 3-4/5"),
        ("bytes=0-99", 206, "said\n", "bytes 0-4/5"),
        ("bytes=3-1", 200, "said\n", None),
        ("bytes=", 200, "said\n", None),
        ("lines=1-2", 200, "said\n", None),
        ("bytes=0-0,2-3", 200, "said\n", None),
        ("bytes=5-", 416, None, "bytes */5"),
        ("bytes=-0", 416, None, "bytes */5"),
    ],
)
def test_a_part_of_a_log_is_sent(house: Service, wanted: str, status: int, text: str | None, where: str | None) -> None:
    document = house.submit(script_bundle()).json()
    done = document if document["state"] == "concluded" else house.conclude(Sums(), script_bundle())
    path = f"/v1/runs/{done['runs'][0]['id']}/stdout"
    answer = house.client.get(path, headers={"Range": wanted})
    assert answer.status_code == status
    assert text is None or answer.text == text
    assert answer.headers.get("Content-Range") == where
    tag = house.client.get(path).headers["ETag"]
    assert house.client.get(path, headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == 206
    assert house.client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_a_run_tells_what_is_known_of_it(service: Service) -> None:
    done = service.conclude(Sums(), script_bundle())
    run = service.client.get(f"/v1/runs/{done['runs'][0]['id']}").json()
    assert (run["verification_id"], run["claim_id"]) == (done["id"], done["claim"]["id"])
    assert (run["purpose"], run["state"], run["outcome"]["exit_code"]) == ("measure", "done", 0)
    assert run["urls"]["stdout"] == f"{run['urls']['self']}/stdout"
    assert run["urls"]["stderr"] is None
    assert service.client.get(f"{run['urls']['self']}/stderr").status_code == 404
    for path in ("run_0", "run_%00", "ver_0", "run_0/stdout"):
        assert service.client.get(f"/v1/runs/{path}").status_code == 404


def test_head_is_get_without_its_body_and_options_names_the_methods(service: Service) -> None:
    document = service.submit().json()
    for path in ("/v1/verifications", document["urls"]["self"], "/livez", "/openapi.json", "/problems"):
        got, head = service.client.get(path), service.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["Content-Length"] == str(len(got.content))
        assert head.headers.get("ETag") == got.headers.get("ETag")
    assert service.client.head("/v1/verifications/none").status_code == 404
    options = service.client.options("/v1/verifications")
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert service.client.options("/nowhere").status_code == 404
    assert service.client.delete("/v1/verifications").headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert service.client.head(f"{document['urls']['self']}/cancel").status_code == 405
