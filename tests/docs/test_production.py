"""The production composition, as far as it runs without a container engine; see `production.py` for what is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from app.core import evidence
from app.core.keys import read_keys
from app.store import views
from app.store.engine import Store
from cli.client import Client, pack
from sandbox import NoIsolation, Sandbox
from tests.docs.need import need
from tests.docs.production import OWN, PROGRAMS, Production, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.box]

FORMULA = {
    "schema": "assay-claim-v1",
    "record": {"id": "composed"},
    "claim": {"id": "difference", "statement": "A is 8.7 points above B"},
    "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
    "reproduce": {
        "kind": "formula",
        "formula": "a - b",
        "values": {"a": {"value": "77.0", "source": "Table 1, A"}, "b": {"value": "68.3", "source": "Table 1, B"}},
    },
}

SLEEPER = """
schema = "assay-claim-v1"
[claim]
id = "sleeper"
statement = "It sleeps"
[[expect]]
metric = "nothing"
value = "1"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "sleep.py"
[limits]
wall = "120s"
"""


@pytest.fixture(scope="module")
def production() -> Iterator[Production]:
    if not PROGRAMS:
        need("the PostgreSQL server programs are not installed (apt-get install postgresql)")
    try:
        with Sandbox() as box:
            box.level()
    except NoIsolation as error:
        need(str(error))
    with Production() as house:
        yield house


@pytest.mark.parametrize("service", OWN)
def test_each_process_passes_its_own_health_check(production: Production, service: str) -> None:
    wait_for(f"{service} is healthy", lambda: production.health(service))
    assert production.running[service].poll() is None, production.said(service)


@pytest.fixture(scope="module")
def concluded(production: Production) -> dict[str, Any]:
    """Send a formula over HTTP; return what the service shows at its end."""
    wait_for("the service is ready", lambda: production.health("api"))
    with httpx2.Client(base_url=production.url, trust_env=False, headers=production.headers) as client:
        refused = httpx2.post(f"{production.url}/v1/verifications", json=FORMULA, trust_env=False)
        assert refused.status_code == 401, "the gateway is let in, so that who comes through it must show a key"
        answer = client.post("/v1/verifications", json=FORMULA)
        assert answer.status_code == 202, answer.text
        where = answer.headers["location"]
        wait_for("the verification ends", lambda: client.get(where).json()["state"] in {"concluded", "faulted"})
        document: dict[str, Any] = client.get(where).json()
    assert document["state"] == "concluded", (document, production.said("worker-cpu"), production.said("judge"))
    return document


def test_a_formula_sent_over_http_gets_its_verdict_and_evidence_that_holds(
    production: Production, concluded: dict[str, Any]
) -> None:
    assert (concluded["verdict"]["status"], concluded["verdict"]["reason_code"]) == ("VERIFIED", "MATCH_EXACT")
    with httpx2.Client(base_url=production.url, trust_env=False, headers=production.headers) as client:
        keys = read_keys(client.get("/.well-known/assay-keys.json").content, "keys")
        report = evidence.verify(client.get(concluded["urls"]["evidence"]).content, keys)
        assert report.ok, report.findings
        assert report.trusted
        assert client.get(f"{concluded['urls']['record']}/gate-verdict").json()["status"] == "VERIFIED"


def test_runs_are_executed_by_the_run_worker_and_by_nobody_else(
    production: Production, concluded: dict[str, Any]
) -> None:
    assert {run["purpose"] for run in concluded["runs"]} == {"measure", "repeat", "perturb"}
    executing = {str(pid) for pid in _family(production.running["worker-cpu"].pid)}
    assert {run["worker"].rpartition(":")[2] for run in concluded["runs"]} <= executing


def test_the_beat_sends_sweeps(production: Production) -> None:
    wait_for("a sweep is sent", lambda: "Sending due task sweep" in production.said("beat"))
    assert production.running["beat"].poll() is None


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        pytest.param("UPDATE verdict SET status = 'FALSIFIED'", "verdict is append-only", id="change a verdict"),
        pytest.param("DELETE FROM verdict", "verdict is append-only", id="delete verdicts"),
        pytest.param("TRUNCATE ledger CASCADE", "permission denied", id="empty the ledger"),
        pytest.param("ALTER TABLE verdict DISABLE TRIGGER ALL", "must be owner", id="switch triggers off"),
        pytest.param("DROP TRIGGER verdict_fence ON verdict", "must be owner", id="drop a trigger"),
        pytest.param("CREATE TABLE other (id int)", "permission denied", id="create a table"),
    ],
)
@pytest.mark.usefixtures("concluded")
def test_the_role_of_the_service_cannot(production: Production, statement: str, refusal: str) -> None:
    done = production.psql("assay", statement)
    assert done.returncode != 0
    assert refusal in done.stderr


def test_the_role_of_the_service_can_forget_a_worker(production: Production) -> None:
    done = production.psql("assay", "DELETE FROM worker WHERE name = 'nobody:1'")
    assert (done.returncode, done.stdout) == (0, "DELETE 0\n"), done.stderr


def test_a_backup_of_the_database_can_be_restored_with_its_triggers(
    production: Production, concluded: dict[str, Any]
) -> None:
    restored = Store(production.restore_backup("restored"))
    try:
        restored.check()
        with restored.read() as session:
            kept = views.verdict(session, concluded["verdict"]["id"])
    finally:
        restored.close()
    assert kept is not None
    assert kept["evidence"] == concluded["verdict"]["evidence"]


@pytest.mark.parametrize("service", ["judge", "beat", "api"])
def test_an_idle_process_ends_within_its_grace_period(production: Production, service: str) -> None:
    wait_for(f"{service} is healthy", lambda: production.health(service))
    assert production.terminate(service) is not None
    production.start(service)


def test_a_run_worker_ends_within_its_grace_period_although_a_run_goes_on(
    production: Production, tmp_path: Path
) -> None:
    wait_for("the service is ready", lambda: production.health("api"))
    (tmp_path / "claim.toml").write_text(SLEEPER)
    (tmp_path / "sleep.py").write_text("import time\ntime.sleep(120)\n")
    with Client(production.url, production.key) as client:
        submitted = client.submit(pack(tmp_path))["id"]
        wait_for("the run begins", lambda: client.verification(submitted)["runs"][0]["state"] == "running")
        production.terminate("worker-cpu")
        assert client.verification(submitted)["runs"][0]["state"] == "running", "its lease is still to run out"
        where = f"{production.url}/v1/verifications/{submitted}/cancel"
        httpx2.post(where, headers=production.headers, trust_env=False).raise_for_status()
    production.start("worker-cpu")


def _family(root: int) -> set[int]:
    from sandbox.tree import descendants

    return {root, *descendants(root)}
