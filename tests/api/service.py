"""The web application over a real database, and hands that do the work in between, without queue or worker process."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient
from sqlalchemy import text

from app import actions
from app.core.boxjob import BoxJob, box_job
from app.core.canonical import canonical
from app.core.model import OutcomeKind, RunOutcome
from app.core.perturb import Underivable
from app.main import create_app
from app.settings import Settings
from app.store.tables import metadata
from tests.api.bundles import formula_bundle, tarred
from tests.core.builders import KEY, SIGNER
from workers.execute import Executed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import httpx2

    from app.actions import Parts
    from app.core.model import RunSpec
    from app.store.runs import Claimed

ADDRESS = "http://127.0.0.1:8000"
ENVIRONMENT = "sha256:" + "e" * 64
#: Tests ask in a hurry.
UNLIMITED = dict.fromkeys(
    ("requests_per_minute", "changes_per_minute", "bad_keys_per_minute", "bad_hooks_per_minute"), 0
)
TARGET = "/v1/verifications"


@dataclass(frozen=True)
class Sums:
    """An honest script in the place of `tests.api.bundles.SCRIPT`: adds its input up, and is off by a constant."""

    off: int = 0

    def __call__(self, spec: RunSpec) -> bytes | None:
        """Never asked: it computes from inputs."""
        raise TypeError(spec.key)

    def of(self, inputs: Mapping[str, bytes]) -> bytes | None:
        """Return its result; None when it cannot read its input."""
        try:
            total = sum(int(line) for line in inputs["scores.csv"].split()) + self.off
        except (KeyError, ValueError):
            return None
        return canonical({"total": total})


@dataclass(frozen=True)
class Service:
    """A running application and its parts."""

    client: TestClient
    parts: Parts

    def submit(self, files: Mapping[str, bytes] | None = None, **query: Any) -> httpx2.Response:
        """Submit a bundle as `.tar.gz`."""
        return self.send(tarred(files or formula_bundle()), **query)

    def send(self, archive: bytes, **query: Any) -> httpx2.Response:
        """Submit an archive."""
        parts = {"bundle": ("bundle", archive, "application/octet-stream")}
        return self.client.post(TARGET, files=parts, params=query)

    def conclude(self, results: Callable[[RunSpec], bytes | None], files: Mapping[str, bytes] | None = None) -> Any:
        """Submit a bundle, finish its runs with made-up results and judge it; returns the verification.

        Args:
            results: what each run reports; None for a run that exits with 1.
            files: the bundle; a formula by default.

        """
        document = self.submit(files).json()
        verification_id = document["id"]
        while any(run["state"] == "queued" for run in document["runs"]):
            for run in document["runs"]:
                if run["state"] == "queued":
                    self._run(run["id"], results)
            document = self.client.get(f"{TARGET}/{verification_id}").json()
        self.judge(verification_id)
        return self.client.get(f"{TARGET}/{verification_id}").json()

    def judge(self, verification_id: str) -> None:
        """Judge a verification whose runs are in."""
        actions.publish_keys(self.parts, [KEY])
        actions.conclude(replace(self.parts, signer=SIGNER), verification_id)

    def _run(self, run_id: str, results: Callable[[RunSpec], bytes | None]) -> None:
        claimed = actions.claim_run(self.parts, run_id, "tests:1", {ENVIRONMENT})
        if claimed is None:
            return
        done = _summed(results, self._job(claimed)) if isinstance(results, Sums) else _ended(results(claimed.spec))
        actions.finish_run(self.parts, claimed, actions.sealed(self.parts, claimed.seal), done, worker="tests:1")

    def _job(self, claimed: Claimed) -> BoxJob | Underivable:
        """Return what the box of a claimed run would be given."""
        seal = actions.sealed(self.parts, claimed.seal)
        return box_job(seal, claimed.seal, claimed.spec, lambda path: self.parts.blobs.read(seal.files[path]))

    def rows(self) -> dict[str, int]:
        """Return how many rows every table has."""
        with self.parts.store.read() as session:
            return {
                name: session.connection().execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
                for name in metadata.tables
            }


def _summed(sums: Sums, job: BoxJob | Underivable) -> Executed:
    """Return what a script leaves behind whose runs that cannot be derived are not executed."""
    if isinstance(job, Underivable):
        outcome = RunOutcome(kind=OutcomeKind.CANCELLED, limit="underivable", notes=(job.reason,))
        return Executed(outcome, None, b"", b"", (), {}, {})
    inputs = {item.target.removeprefix("/in/"): item.data for item in job.files if item.target.startswith("/in/")}
    return _ended(sums.of(inputs))


def _ended(result: bytes | None) -> Executed:
    """Return what a run leaves behind that exits with 0 and a result, or with 1."""
    outcome = RunOutcome(kind=OutcomeKind.EXITED, exit_code=1 if result is None else 0, wall_ms=5, cpu_ms=4)
    return Executed(outcome, result, b"said\n", b"", (), {"engine": "none", "level": "C"}, {})


def open_service(template: Path, home: Path, *, environment: bool = True, **settings: Any) -> Iterator[Service]:
    """Yield a service on a copy of a migrated database."""
    home.mkdir(parents=True, exist_ok=True)
    if template.exists():
        shutil.copy(template, home / "assay.db")
    chosen = Settings(home=home, **{"broker_url": "memory://", **UNLIMITED, **settings})
    app = create_app(chosen)
    with TestClient(app, base_url=ADDRESS, client=("127.0.0.1", 50000), raise_server_exceptions=False) as client:
        parts = app.state.parts
        if environment:
            actions.publish_environment(parts, "python", ENVIRONMENT, {"version": "3.11"})
        yield Service(client, parts)
