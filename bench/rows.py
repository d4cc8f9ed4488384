"""True rows of many verdicts, written by the database itself: what the benches of the pages are measured over.

They are of claims, revisions, verifications, verdicts, comparisons and controls, with shares like those of real verdicts
and one reason that is rare, and they are written past the triggers that would ask for real runs behind each verdict. The
listing and the tally are made by the statements that the migration uses. Only the newest NEWEST verdicts have all seven
controls, the others one: what a page does not show cannot make it slow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.core.model import Comparison
from app.store import triggers, upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.store.engine import Store

NEWEST = 1_000
CONTROLS = ("repeat", "input_response", "quote", "cells", "rounding_flip", "tolerance_flip", "coincidence")
#: One verdict of nine is false, and RARE in all broke the seal, however many there are: both fill a page at every size.
RARE = 60
CLOSED = 10  # one claim of so many is its publisher's alone
_STATUS = (
    "CASE WHEN n % {every} = 0 THEN '{seal}' WHEN n % 9 = 0 THEN '{false}' WHEN n % 3 = 0 THEN '{held}'"
    " WHEN n % 3 = 1 THEN '{crashed}' ELSE '{late}' END"
)
_OF = {
    "status": _STATUS.format(
        every="{every}", seal="UNVERIFIED", false="FALSIFIED", held="VERIFIED", crashed="UNVERIFIED", late="UNVERIFIED"
    ),
    "reason_code": _STATUS.format(
        every="{every}",
        seal="SEAL_VIOLATION",
        false="MISMATCH",
        held="MATCH_ROUNDING",
        crashed="CRASHED",
        late="TIMEOUT",
    ),
    "blame": _STATUS.format(every="{every}", seal="author", false="author", held="", crashed="author", late="resource"),
}
SEAL = json.dumps(
    {
        "seeds": [0],
        "claim": {"limits": {"wall_ms": 60_000, "cpu_ms": 60_000, "memory_bytes": 1 << 30, "cpus": 1}},
        "environment": {"name": "python"},
    }
)
DOCUMENT = json.dumps(
    {
        "schema": "assay-claim-v1",
        "claim": {
            "id": "gain",
            "statement": "RemBERT is 8.7 F1 points above FILTER on TyDiQA, as the paper prints it.",
        },
        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
        "reproduce": {
            "kind": "formula",
            "formulas": {"gain": "a - b"},
            "values": {"a": {"value": "77.0", "source": "Table 1"}, "b": {"value": "68.3", "source": "Table 1"}},
        },
    }
)
COMPARISON = Comparison(
    metric="gain",
    unit="points",
    rule="rounding",
    tolerance=None,
    expected="8.7",
    computed="8.7",
    values=("8.7",),
    low="8.65",
    high="8.75",
    computed_low="8.6",
    computed_high="8.8",
    match=True,
    code="MATCH_EXACT",
    flips_at="0",
).model_dump_json()
_SCRIPT = json.loads(DOCUMENT) | {
    "reproduce": {
        "kind": "script",
        "entrypoint": "reproduce.py",
        "environment": "python",
        "inputs": ["scores.csv"],
        "parameters": {},
        "seeds": [0],
    }
}
SCRIPT = json.dumps(_SCRIPT)
DIGEST = "sha256:" + "0" * 64


def fill(store: Store, number: int) -> str:
    """Write so many verdicts, each of a claim of its own, a second apart up to now; returns the newest one's claim."""
    postgresql = store.dialect == "postgresql"
    span = max(3600, number)
    if postgresql:
        numbers = f"generate_series(1, {number}) AS s(n)"
        at = f"now() - ({number} - n) * interval '1 second' * {span} / {number}"
        seconds, padded = "extract(epoch FROM now())", "lpad(n::text, 26, '0')"
    else:
        numbers = (
            f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {number}) SELECT n FROM s)"
        )
        at = f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (({number} - n) * {span} / {number}) || ' seconds')"
        seconds, padded = "strftime('%s', 'now')", "substr('00000000000000000000000000' || n, -26)"
    with store.engine.connect() as connection:
        if not postgresql:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        triggers.drop(connection)
        values = {"digest": DIGEST, "seal": SEAL, "document": DOCUMENT, "comparison": COMPARISON}
        values["script"] = SCRIPT
        for statement in _statements(numbers, at, seconds, padded, number):
            asked = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), asked)
        for statement in upkeep.anew(store.dialect):
            connection.exec_driver_sql(statement)
        triggers.create(connection)
        connection.commit()
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if postgresql else "ANALYZE")
    return f"clm_{number:026}"


def _statements(numbers: str, at: str, seconds: str, padded: str, number: int) -> Iterator[str]:
    """Yield the statements that write the rows; `:name` is a value."""
    of = {name: case.format(every=number // RARE) for name, case in _OF.items()}
    clm, rev, ver, vrd = (f"'{kind}_' || {padded}" for kind in ("clm", "rev", "ver", "vrd"))
    yield f"INSERT INTO artifact (digest, size, created_at) SELECT :digest, 1, {at} FROM {numbers} WHERE n = {number}"
    yield f"INSERT INTO seal (digest, body, created_at) SELECT :digest, :seal, {at} FROM {numbers} WHERE n = {number}"
    yield (
        "INSERT INTO claim (id, record_key, publisher, name, visibility, created_at)"
        f" SELECT {clm}, '', 'local', 'claim-' || n, CASE WHEN n % {CLOSED} = {CLOSED // 2} THEN 'private'"
        f" ELSE 'public' END, {at} FROM {numbers}"
    )
    yield (
        "INSERT INTO claim_revision (id, claim_id, number, digest, document, created_at)"
        f" SELECT {rev}, {clm}, 1, :digest, CASE WHEN n % 2 = 0 THEN :script ELSE :document END, {at} FROM {numbers}"
    )
    yield (
        "INSERT INTO verification (id, seal, claim_revision_id, publisher, state, revision, judgings, queue, runs_planned,"
        f" cancel_requested, touched_at, created_at, ended_at) SELECT {ver}, :digest, {rev}, 'local', 'concluded', 1, 1,"
        f" 'cpu', 3, {'false' if 'generate' in numbers else '0'}, {seconds}, {at}, {at} FROM {numbers}"
    )
    yield (
        "INSERT INTO verdict (id, verification_id, claim_id, claim_revision_id, revision, status, outcome, reason_code,"
        f" blame, reason, evidence, evaluated_at) SELECT {vrd}, {ver}, {clm}, {rev}, 1, {of['status']}, 'exited',"
        f" {of['reason_code']}, NULLIF({of['blame']}, ''), 'Sealed-sandbox formula repro: Computed 8.7 matches expected"
        f" 8.7 (within printed rounding).', :digest, {at} FROM {numbers}"
    )
    yield f"INSERT INTO comparison (verdict_id, position, document) SELECT {vrd}, 0, :comparison FROM {numbers}"
    for position, name in enumerate(CONTROLS):
        yield (
            "INSERT INTO control (verdict_id, position, name, attacker, result, detail, cannot_prove)"
            f" SELECT {vrd}, {position}, '{name}', 'replication', 'pass', 'The same seal with the same seed gave identical"
            f" values.', 'stability on other hardware' FROM {numbers}"
            + ("" if position == 0 else f" WHERE n > {number - NEWEST}")
        )
