"""A proof in a service without processes: a checker that is offered, statements that are approved, boxes that report."""

from __future__ import annotations

import json
from typing import Any

from app import actions
from app.core.boxjob import BoxJob, box_job
from app.core.canonical import digest
from app.core.model import RunOutcome
from app.core.proof_job import EXPORT
from app.executed import Executed
from app.settings import Settings
from tests.core.builders import an_outcome
from tests.core.proofs import CHALLENGE, EXPORTED, LEAN4, MANIFEST, THEOREM, Boxes, proof_bundle, report
from tests.store.house import House

CHALLENGED = digest(CHALLENGE)


def offering(house: House, **settings: Any) -> House:
    known = {name: getattr(house.parts.settings, name) for name in type(house.parts.settings).model_fields}
    changed = Settings(**{**known, **settings})
    object.__setattr__(house.parts, "settings", changed)
    actions.publish_environment(house.parts, LEAN4.name, LEAN4.digest, {"proof": MANIFEST})
    return house


def approve(house: House, publisher: str = "demo", **changes: Any) -> dict[str, Any]:
    wanted = {"challenge": CHALLENGED, "theorem": THEOREM, "imports": ["Init"], "by": "key_1", **changes}
    found, _ = actions.approve(house.parts, publisher, **wanted)
    return found


def verify(house: House, boxes: Boxes | None = None, files: dict[str, bytes] | None = None, **options: Any) -> str:
    """Take a proof from submission to its verdict; returns the verification's id."""
    submitted = house.submit_files(files or proof_bundle(), **options)
    while queued := house.runs(submitted.verification_id, "queued"):
        for run_id in queued:
            run(house, run_id, boxes or {})
    assert actions.conclude(house.parts, submitted.verification_id) is not None
    return submitted.verification_id


def run(house: House, run_id: str, boxes: Boxes) -> None:
    claimed = house.claim(run_id, environment=LEAN4.digest)
    seal = actions.sealed(house.parts, claimed.seal)
    job = box_job(
        seal,
        claimed.seal,
        claimed.spec,
        lambda path: house.parts.blobs.read(seal.files[path]),
        lambda key, name: actions.left_by(house.parts, claimed.verification_id, key, name),
    )
    assert isinstance(job, BoxJob)
    found, key = report(claimed.spec.key, boxes), claimed.spec.key
    ended = found if isinstance(found, RunOutcome) else an_outcome()
    result = None if isinstance(found, RunOutcome) else json.dumps(found).encode()
    left = ((EXPORT, EXPORTED[key]),) if key in EXPORTED else ()
    done = Executed(ended, result, b"", b"", left, {"engine": "none", "level": "C"}, dict(job.derived))
    actions.finish_run(house.parts, claimed, seal, done, worker="host:1")


def verdict(house: House, verification_id: str) -> tuple[str, str, str | None]:
    query = (
        "SELECT status || ' ' || reason_code || ' ' || COALESCE(blame, '-') FROM verdict WHERE verification_id = :id"
    )
    status, code, blame = str(house.scalar(query, id=verification_id)).split(" ")
    return status, code, None if blame == "-" else blame
