from __future__ import annotations

import os
import shutil
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uvicorn

from app import actions
from app.core.webhook import Outcome
from app.main import create_app
from app.settings import Settings
from app.store import migrate
from cli.supervisor import free_port
from sandbox import NoIsolation, Sandbox
from tests.workers.station import Station

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLES = Path(__file__).parents[2] / "examples"
#: Shown in the browser: every status, formulas and scripts, one metric and several, a run that brings no value.
SHOWN = ("seed-8-7-tydiqa", "xlmr-struct", "student-sleep", "five-runs", "hard-coded", "crashes", "altered-quote")
CLOSED = "mgte-gain"  # its record keeps its claims closed
HIDDEN = "filter-task-avg"  # of a private record
#: Headers of a stranger, for whom this machine's own browser asks when a page of another site makes it.
STRANGER = {"Sec_Fetch_Site": "cross-site"}


SLOW = b"""import time
for step in range(1, 9):
    print("step", step, flush=True)
    time.sleep(0.5)
"""


@dataclass(frozen=True)
class Site:
    """A running service over examples that were really run, in a box."""

    url: str
    verifications: Mapping[str, str]  # example -> id
    station: Station

    client: httpx2.Client

    def get(self, path: str, accept: str = "text/html", **headers: str) -> httpx2.Response:
        """Ask as a browser would; a header's name is spelled with underscores."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers={"Accept": accept, **more})

    def post(self, path: str) -> httpx2.Response:
        """Send nothing."""
        return self.client.post(path)

    def data(self, path: str) -> Any:
        """Return a page's twin."""
        answer = self.get(path, "application/json")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit_waiting(self, title: str) -> str:
        """Submit a claim of which no run is taken; `title` makes it another one."""
        named = (b'title = "Student (1908)', f'title = "{title}: Student (1908)'.encode())
        job = self.station.submit_files(bundle("student-wheat", title=named), "local").verification_id
        self.station.heard.forget()
        return job

    def submit_slow(self) -> tuple[str, str]:
        """Submit a claim whose script says a line every half second; returns its verification and its first run."""
        files = bundle("crashes", id=(b'id = "crashes"', b'id = "slow"'))
        files["gain.py"] = SLOW
        job = self.station.submit_files(files, "local")
        return job.verification_id, job.run_ids[0]

    def verification(self, example: str) -> dict[str, Any]:
        """Return the verification of an example, as the interface tells it."""
        found: dict[str, Any] = self.data(f"/v1/verifications/{self.verifications[example]}")
        return found

    def claim(self, example: str) -> str:
        """Return the address of an example's claim."""
        return f"/claims/{self.verification(example)['claim']['id']}"


def bundle(name: str, **changes: tuple[bytes, bytes]) -> dict[str, bytes]:
    """Return the files of an example, some of whose text is another."""
    files = {
        path.relative_to(EXAMPLES / name).as_posix(): path.read_bytes()
        for path in sorted((EXAMPLES / name).rglob("*"))
        if path.is_file()
    }
    for old, new in changes.values():
        assert old in files["claim.toml"]
        files["claim.toml"] = files["claim.toml"].replace(old, new)
    return files


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "assay.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def site(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a service over a few examples, run once for all tests of the pages."""
    try:
        with Sandbox() as box:
            box.level()
    except NoIsolation as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    home = tmp_path_factory.mktemp("site")
    shutil.copy(migrated, home / "assay.db")
    station = Station.open(home, broker_url="memory://")
    try:
        yield from _serve(station, _run_examples(station), Settings(home=home, broker_url="memory://"))
    finally:
        station.close()


def _run_examples(station: Station) -> dict[str, str]:
    facts = tomllib.loads((EXAMPLES / "records.toml").read_text())
    closed = {tomllib.loads((EXAMPLES / CLOSED / "claim.toml").read_text())["record"]["id"]}
    for name, values in facts.items():
        told = {fact: value for fact, value in values.items() if fact != "claims_visibility"}
        actions.put_record(station.parts, "local", name, {**told, "claims_public": name not in closed})
    private = (b'id = "xtreme-rows"', b'id = "kept-private"')
    bundles = {name: bundle(name) for name in (*SHOWN, CLOSED)} | {HIDDEN: bundle(HIDDEN, record=private)}
    found = {name: station.submit_files(files, "local").verification_id for name, files in bundles.items()}
    # So wide that no draw within the printed inputs turns what is decided, on whichever environment's digest it depends.
    wide = (b'rule = "rounding"', b'rule = "relative"\ntolerance = "0.1"')
    revised = bundle("student-sleep", unit=(b'value = "1.58"', b'value = "2.58"'), rule=wide)
    station.work()
    found["revised"] = station.submit_files(revised, "local").verification_id
    station.work()
    actions.put_record(station.parts, "local", "kept-private", {"visibility": "private", "title": "Kept private"})
    _deliver(station)
    return found


def _deliver(station: Station) -> None:
    """Make an endpoint with a delivery that was taken, one that was given up, and one that waits."""
    url, events = "https://example.org/h", ["verdict.recorded"]
    made, _ = actions.create_endpoint(station.parts, "local", url, events, "a bot", operator=False)
    for outcome in (Outcome(200, "thanks", ""), Outcome(None, "", "the connection failed"), None):
        actions.test_endpoint(station.parts, made["id"], "local")
        for attempts in range(8):
            if outcome is None:
                break
            with station.parts.store.transaction() as session:
                session.connection().exec_driver_sql("UPDATE webhook_delivery SET due_at = 1 WHERE state = 'pending'")
            for taken in actions.take_deliveries(station.parts, 1):
                actions.settle_delivery(station.parts, taken, outcome, attempts)


def _serve(station: Station, found: Mapping[str, str], settings: Settings) -> Iterator[Site]:
    for url in served(settings):
        transport = httpx2.HTTPTransport(retries=40)
        with httpx2.Client(base_url=url, transport=transport, trust_env=False, timeout=30) as client:
            client.get("/livez")
            yield Site(url, found, station, client)


def served(settings: Settings) -> Iterator[str]:
    """Yield the address of a service that listens soon."""
    port = free_port(18080, fall_back=True)
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
