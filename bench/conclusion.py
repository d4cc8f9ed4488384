"""What judging adds to a formula's verdict: `python -m bench.conclusion`.

One process starts the service as `assay serve` does and takes formulas of one record from submission to their verdicts. Each
verdict's archive is fetched, and its pure parts are done once more in this process, from what the archive holds:

    compare, controls, verdict   `app.core.verdict.judge` over the archived runs
    evidence                     building, hashing, signing and packing the archive
    gate                         the record's gate verdict from one standing verdict for each formula so far

The aim: together less than 5 % of the time from submission to verdict, medians against medians of the same service. The
signature and a stranger's whole check stand beside them. Rows, flushes to disk and the second reading are in the
submission's time and not in these parts. On a busy machine read the share, not the milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core import evidence, gate, verdict
from app.core.evidence import ArchivedRun, Context
from app.core.evidence_archive import unpack
from app.core.evidence_check import _runs
from app.core.grounding import sealed_sources
from app.core.seal import read_seal, seal_digest
from app.settings import Settings
from bench.verdicts import Service, formula
from cli.supervisor import House, free_port
from workers.keyring import keyring

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.keys import Signer

AIM_PERCENT = 5.0
PARTS = ("judge", "evidence", "gate")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return milliseconds and what the work returned."""
    begun = time.perf_counter()
    found = work()
    return (time.perf_counter() - begun) * 1000, found


def parts_ms(archive: bytes, signer: Signer, standing: list[gate.StandingVerdict]) -> dict[str, float]:
    """Do the pure parts of a conclusion again; returns milliseconds each."""
    members = unpack(archive)
    seal = read_seal(members["seal.json"])
    bundle = evidence.intact(archive).bundle()
    read = _runs(members)
    runs = [run for _, run, _ in read]
    archived = [
        ArchivedRun(
            run, members[f"runs/{run.spec.key}/stdout.txt"], members[f"runs/{run.spec.key}/stderr.txt"], derived
        )
        for _, run, derived in read
    ]
    recorded = json.loads(members["verdict.json"])
    context = Context(recorded["evaluated_at"], recorded["verification"], recorded["publisher"])
    found: dict[str, float] = {}
    found["judge"], judgement = timed(lambda: verdict.judge(seal, runs, sealed_sources(seal, bundle.__getitem__)))
    found["evidence"], again = timed(
        lambda: evidence.build(members["seal.json"], bundle, archived, judgement, context, signer)
    )
    if again != archive:
        raise SystemExit("the archive that was made again is not the service's")
    digest = seal_digest(members["seal.json"])
    standing.append(
        gate.StandingVerdict(
            claim=seal.claim.claim.id,
            status=judgement.status,
            outcome=judgement.outcome,
            reason_code=judgement.reason_code,
            blame=judgement.blame,
            reason=judgement.reason,
            evaluated_at=context.evaluated_at,
            seal=digest,
            evidence_url="/v1/verdicts/vrd/evidence",
            evidence_sha256=digest,
            controls=tuple(item.result.value for item in judgement.controls),
        )
    )
    found["gate"], _ = timed(lambda: gate.project(standing, 500, "https://example.org"))
    found["signature"], _ = timed(lambda: signer.sign(archive[:4096]))
    found["check"], _ = timed(lambda: evidence.verify(archive))
    return found


def measure(house: House, rounds: int) -> dict[str, Any]:
    """Return medians in milliseconds, and the share of the pure parts in the time to a verdict."""
    service = Service(house.url)
    signer = keyring(house.settings).ensure(datetime.now(UTC))
    first = int(time.time()) * 1000
    took: list[float] = []
    parts: list[dict[str, float]] = []
    standing: list[gate.StandingVerdict] = []
    for number in range(first, first + rounds + 5):
        elapsed, _ = service.verdict_ms(json={**formula(number), "record": {"id": "bench"}})
        newest = service.http.get("/v1/records/bench/gate-verdict").json()
        archive = service.http.get(newest["evidence_url"]).content
        found = parts_ms(archive, signer, standing)
        if number >= first + 5:  # the first ones warm everything up
            took.append(elapsed)
            parts.append(found)
    medians = {name: statistics.median(item[name] for item in parts) for name in parts[0]}
    verdict_ms = statistics.median(took)
    together = sum(medians[name] for name in PARTS)
    return {
        "verdict_p50_ms": verdict_ms,
        "parts_p50_ms": medians,
        "together_ms": together,
        "percent": 100 * together / verdict_ms,
        "rounds": rounds,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Start the service, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        house = House(Settings(home=Path(folder)), free_port(8123, fall_back=True), workers=2, quiet=True)
        house.start()
        try:
            figures = measure(house, arguments.rounds)
        finally:
            house.stop()
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"submit → verdict   p50 {figures['verdict_p50_ms']:7.2f} ms  (n={figures['rounds']})")
    for name, value in figures["parts_p50_ms"].items():
        print(f"{name:18} p50 {value:7.2f} ms" + ("" if name in PARTS else "  (not counted)"))
    print(
        f"{' + '.join(PARTS)}: {figures['together_ms']:.2f} ms, {figures['percent']:.1f} % of a verdict"
        f" (aim: below {AIM_PERCENT:g} %), load {figures['load']:.1f}"
    )


if __name__ == "__main__":
    main()
