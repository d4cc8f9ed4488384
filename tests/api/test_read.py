"""Reading a verification, its verdict and its evidence."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from app import actions
from app.api import verifications
from app.core.canonical import canonical
from cli.client import Client
from tests.api.bundles import script_bundle
from tests.api.service import TARGET, open_service
from workers import judge, verify
from workers.hands import Hands
from workers.keyring import keyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.core.model import RunSpec
    from tests.api.service import Service


@pytest.fixture(scope="module")
def concluded(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, dict[str, Any]]]:
    """Give a service and a script's verification that real hands took to its verdict in real boxes."""
    home = tmp_path_factory.mktemp("concluded")
    for service in open_service(migrated, home, environment=False):
        keyring(service.parts.settings).ensure(datetime.now(UTC))
        hands = Hands.open(service.parts.settings)
        try:
            document = service.submit(script_bundle()).json()
            while queued := [run["id"] for run in document["runs"] if run["state"] == "queued"]:
                for run_id in queued:
                    verify.execute_run(hands, run_id)
                document = service.client.get(document["urls"]["self"]).json()
            judge.conclude(hands, document["id"])
            yield service, service.client.get(document["urls"]["self"]).json()
        finally:
            hands.close()


def wrong(spec: RunSpec) -> bytes:
    """Report 7, and more where inputs changed; a program whose text alone did says the same."""
    changed = spec.derivation is not None and spec.derivation.attack != "hardcoded"
    return canonical({"total": 7 + (spec.derivation.variant if changed and spec.derivation else 0)})


def test_a_verification_tells_how_far_it_is(service: Service) -> None:
    document = service.submit().json()
    seen = service.client.get(document["urls"]["self"])
    assert seen.status_code == 200
    assert seen.json() == document
    assert (document["runs_done"], document["state"], document["seconds"]) == (0, "queued", None)


@pytest.mark.box
def test_a_concluded_verification_shows_runs_comparisons_controls_and_where_to_go(
    concluded: tuple[Service, dict[str, Any]],
) -> None:
    _, document = concluded
    verdict = document["verdict"]
    assert document["state"] == "concluded"
    assert (verdict["status"], verdict["reason_code"]) == ("VERIFIED", "MATCH_EXACT")
    assert {run["purpose"] for run in document["runs"]} >= {"measure", "repeat", "perturb"}
    # A change that the inputs do not offer is never executed.
    executed = [run for run in document["runs"] if run["outcome"]["limit"] != "underivable"]
    assert {run["purpose"] for run in executed} >= {"measure", "repeat", "perturb"}
    assert all(run["outcome"]["kind"] == "exited" for run in executed)
    assert all(run["isolation"]["engine"] == "bwrap" for run in executed)
    assert document["runs_least"] <= document["runs_done"] == len(document["runs"]) <= document["runs_planned"]
    assert verdict["comparisons"][0]["computed"] == "6"
    assert {control["attacker"] for control in verdict["controls"]} >= {"replication"}
    assert document["urls"]["verdict"] == f"/v1/verdicts/{verdict['id']}"
    assert document["urls"]["evidence"] == f"/v1/verdicts/{verdict['id']}/evidence"
    assert document["urls"]["cancel"] is None
    assert document["seconds"] > 0


@pytest.mark.box
def test_a_verdict_is_immutable_and_says_so(concluded: tuple[Service, dict[str, Any]]) -> None:
    service, document = concluded
    answer = service.client.get(document["urls"]["verdict"])
    assert answer.json() == document["verdict"]
    assert "immutable" in answer.headers["Cache-Control"]
    assert not answer.headers["ETag"].startswith("W/")
    again = service.client.get(document["urls"]["verdict"], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.box
def test_the_evidence_is_what_the_verdict_names_and_a_stranger_can_check_it(
    concluded: tuple[Service, dict[str, Any]], tmp_path: Path
) -> None:
    service, document = concluded
    answer = service.client.get(document["urls"]["evidence"])
    digest = "sha256:" + hashlib.sha256(answer.content).hexdigest()
    assert answer.status_code == 200
    assert digest == document["verdict"]["evidence"]
    assert answer.headers["ETag"] == f'"{digest}"'
    assert answer.headers["Content-Type"] == "application/gzip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{document["verdict"]["id"]}.tar.gz"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    (tmp_path / "evidence.tar.gz").write_bytes(answer.content)
    command = [sys.executable, "-m", "cli", "evidence", "verify", tmp_path / "evidence.tar.gz", "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 3, said.stderr
    report = json.loads(said.stdout)
    assert report["ok"]
    assert report["seal"] == document["seal"]
    assert report["judgement"]["status"] == "VERIFIED"


@pytest.mark.parametrize("asked", ['"{digest}"', 'W/"{digest}"', '"other", "{digest}"', "*"])
@pytest.mark.box
def test_evidence_that_the_client_has_is_not_sent_again(concluded: tuple[Service, dict[str, Any]], asked: str) -> None:
    service, document = concluded
    header = asked.format(digest=document["verdict"]["evidence"])
    answer = service.client.get(document["urls"]["evidence"], headers={"If-None-Match": header})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("asked", ['"other"', "nonsense", "", '"sha256:"'])
@pytest.mark.box
def test_evidence_that_the_client_lacks_is_sent(concluded: tuple[Service, dict[str, Any]], asked: str) -> None:
    service, document = concluded
    answer = service.client.get(document["urls"]["evidence"], headers={"If-None-Match": asked})
    assert answer.status_code == 200


def test_a_claim_that_the_runs_contradict_is_falsified_with_its_evidence(service: Service) -> None:
    verdict = service.conclude(wrong, script_bundle())["verdict"]
    assert verdict["status"] == "FALSIFIED"
    assert service.client.get(f"/v1/verdicts/{verdict['id']}/evidence").status_code == 200


def test_a_script_that_crashes_says_nothing_about_the_claim(service: Service) -> None:
    verdict = service.conclude(lambda _: None, script_bundle())["verdict"]
    assert (verdict["status"], verdict["blame"]) == ("UNVERIFIED", "author")


@pytest.mark.parametrize("damage", ["tampered", "missing"])
def test_broken_evidence_is_our_fault_and_never_sent(service: Service, damage: str) -> None:
    verdict = service.conclude(wrong, script_bundle())["verdict"]
    path = service.parts.blobs.path(verdict["evidence"])
    path.chmod(0o644)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    answer = service.client.get(f"/v1/verdicts/{verdict['id']}/evidence")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/service-fault"
    assert answer.json()["instance"] == f"/v1/verdicts/{verdict['id']}/evidence"
    assert verdict["evidence"] not in answer.text
    assert "ETag" not in answer.headers
    assert "immutable" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    "path",
    [
        f"{TARGET}/ver_0000000000000000000000000",
        f"{TARGET}/nonsense",
        "/v1/verdicts/vrd_0",
        "/v1/verdicts/vrd_0/evidence",
        f"{TARGET}/ver_%00",  # PostgreSQL refuses to look for it
        "/v1/verdicts/vrd_%00",
        "/v1/verdicts/vrd_%00/evidence",
        "/v1/records/unknown",
        "/v1/records/unknown/gate-verdict",
        "/v1/records/rec_0",
        "/problems/unknown",
    ],
)
def test_what_does_not_exist_is_not_found(service: Service, path: str) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


def test_cancelling_what_does_not_exist_is_not_found(service: Service) -> None:
    for path in ("ver_0/cancel", "ver_%00/cancel", "ver_%00/retry"):
        assert service.client.post(f"{TARGET}/{path}").status_code == 404


def test_a_verification_changes_its_tag_when_it_changes_and_only_then(service: Service) -> None:
    path = service.submit().json()["urls"]["self"]
    first, second = service.client.get(path), service.client.get(path)
    tag = first.headers["ETag"]
    assert tag.startswith("W/")
    assert second.headers["ETag"] == tag
    assert first.headers["Cache-Control"] == "no-cache"
    assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 304
    service.client.post(f"{path}/cancel")
    changed = service.client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_known_tag_costs_one_statement(service: Service) -> None:
    path = service.submit().json()["urls"]["self"]
    tag = service.client.get(path).headers["ETag"]
    statements: list[str] = []
    event.listen(service.parts.store.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert len(statements) == 1


def test_a_program_that_answers_in_another_shape_tells_everybody_anew(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = service.submit().json()["urls"]["self"]
    tag = service.client.get(path).headers["ETag"]
    monkeypatch.setattr(verifications, "FORM", "another")
    assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_client_that_waits_fetches_no_answer_twice(service: Service) -> None:
    verification_id = service.submit().json()["id"]
    states: list[str] = []
    statuses: list[int] = []

    def seen(document: dict[str, Any]) -> None:
        states.append(document["state"])
        if len(states) == 3:
            actions.cancel(service.parts, verification_id)

    service.client.event_hooks = {"response": [lambda answer: statuses.append(answer.status_code)]}
    with Client(str(service.client.base_url)) as client:
        client._http = service.client
        assert client.wait(verification_id, 30, seen)["state"] == "cancelled"
    assert states == ["queued", "queued", "queued", "cancelled"]
    assert statuses == [200, 304, 304, 200]
