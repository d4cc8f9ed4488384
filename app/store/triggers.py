"""Rules that the database itself keeps, as triggers for both dialects. Migrating creates them, every start checks them.

    append-only      no UPDATE or DELETE (SQLite also: no INSERT OR REPLACE; PostgreSQL also: no TRUNCATE)
    outcome_fence    an outcome only for a running run, under its present fence
    verdict_fence    a verdict only for a concluding verification, at its present revision
    verdict_runs     VERIFIED and FALSIFIED need a measure and a repeat run with outcomes and results, of a proof a prove
                     and a replay run, FALSIFIED also a confirm run; a rule of the database, whatever the program believes
    verdict_over     a verdict only when no run of its verification is open, and every finished one has its outcome
    verdict_signed   a verdict needs evidence, and the key that signed it, which a judge published and nobody retired
    verdict_found    VERIFIED and FALSIFIED need comparisons and controls, which are written before them (the foreign keys
                     are looked up at the end of the transaction)
    ..._closed       once a verdict is written, it gets no further comparison and no further control
    final states     a run or verification never leaves a final state
    concluded        a verification ends `concluded` exactly when its verdict is written
    ledger_chain     the next number, and the hash of the row before
    ledger_node_rows a node of the tree only over rows of the ledger that are there
    checkpoint_head  a checkpoint ends with a row of the ledger and names its hash
    event_same       an event is never changed
    event_stays      of the events only progress and pieces of a live log are ever removed

Further ones forbid nothing, and keep the tables of the feed (`app.store.upkeep`).

Errors come out as integrity errors on both (SQLSTATE 23000 on PostgreSQL). Triggers stop bugs, not the owner of the
tables: in production the service's role owns nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.lifecycle import RUN, VERIFICATION, final
from app.store import upkeep

if TYPE_CHECKING:
    from sqlalchemy import Connection

APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "signing_key": ("keyid",),
    "key_retirement": ("keyid",),
    "artifact": ("digest",),
    "approval": ("id",),
    "claim_revision": ("id",),
    "seal": ("digest",),
    "seal_artifact": ("seal", "artifact"),
    "seal_asset": ("seal", "asset"),
    "outcome": ("run_id",),
    "run_artifact": ("run_id", "name"),
    "verdict": ("id",),
    "comparison": ("verdict_id", "position"),
    "control": ("verdict_id", "position"),
    "ledger": ("seq",),
    "ledger_subject": ("subject",),
    "ledger_node": ("level", "position"),
    "checkpoint": ("id",),
    "correction": ("id",),
    "log": ("digest",),
}

_OUTCOME_OK = "SELECT 1 FROM run WHERE id = NEW.run_id AND state = 'running' AND fence = NEW.fence"
_VERDICT_OK = (
    "SELECT 1 FROM verification WHERE id = NEW.verification_id AND state = 'concluding' AND revision = NEW.revision"
)
_RUNS = (
    "(SELECT COUNT(DISTINCT run.purpose) FROM run JOIN outcome ON outcome.run_id = run.id"
    " WHERE run.verification_id = NEW.verification_id AND run.state = 'done' AND outcome.kind = 'exited'"
    " AND outcome.result IS NOT NULL AND run.purpose IN ({purposes}))"
)
_MEASURED = _RUNS.format(purposes="'measure', 'repeat'") + " = 2"
_REPLAYED = _RUNS.format(purposes="'prove', 'replay'") + " = 2"
_CONFIRMED = _RUNS.format(purposes="'confirm'") + " = 1"
_RUNS_OK = (
    f"NEW.status = 'UNVERIFIED' OR (({_MEASURED} OR {_REPLAYED}) AND (NEW.status = 'VERIFIED'"
    f" OR (NEW.status = 'FALSIFIED' AND {_CONFIRMED})))"
)
_OPEN = (
    "EXISTS (SELECT 1 FROM run WHERE run.verification_id = NEW.verification_id AND (run.state IN ('queued', 'running')"
    " OR (run.state = 'done' AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.run_id = run.id))))"
)
_IN_USE = (
    "EXISTS (SELECT 1 FROM signing_key WHERE keyid = NEW.keyid)"
    " AND NOT EXISTS (SELECT 1 FROM key_retirement WHERE keyid = NEW.keyid)"
)
_FOUND = (
    "NEW.status = 'UNVERIFIED' OR (EXISTS (SELECT 1 FROM comparison WHERE verdict_id = NEW.id)"
    " AND EXISTS (SELECT 1 FROM control WHERE verdict_id = NEW.id))"
)
_CLOSED = "EXISTS (SELECT 1 FROM verdict WHERE id = NEW.verdict_id)"
_HAS_VERDICT = "SELECT 1 FROM verdict WHERE verification_id = NEW.id"
_ZERO = "0" * 64
_CHAIN_BROKEN = (
    "NEW.seq <> COALESCE((SELECT MAX(seq) FROM ledger), 0) + 1 OR NEW.prev_hash <> "
    f"COALESCE((SELECT hash FROM ledger WHERE seq = NEW.seq - 1), '{_ZERO}')"
)
_BEYOND = "((NEW.position + 1) << NEW.level) > COALESCE((SELECT MAX(seq) FROM ledger), 0)"
_HEAD_OK = "SELECT 1 FROM ledger WHERE seq = NEW.size AND hash = NEW.head"


def _finals(table: dict[str, dict[str, str]]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(final(table)))


#: table -> (trigger, event, broken when, message)
_RULES: tuple[tuple[str, str, str, str, str], ...] = (
    ("outcome", "outcome_fence", "INSERT", f"NOT EXISTS ({_OUTCOME_OK})", "stale fence"),
    ("verdict", "verdict_fence", "INSERT", f"NOT EXISTS ({_VERDICT_OK})", "stale revision"),
    ("verdict", "verdict_runs", "INSERT", f"NOT ({_RUNS_OK})", "the runs that this status needs are missing"),
    ("verdict", "verdict_over", "INSERT", _OPEN, "runs of this verification are not over"),
    (
        "verdict",
        "verdict_signed",
        "INSERT",
        f"NEW.evidence IS NULL OR NEW.keyid IS NULL OR NOT ({_IN_USE})",
        "a verdict needs evidence that is signed by a key in use",
    ),
    (
        "verdict",
        "verdict_found",
        "INSERT",
        f"NOT ({_FOUND})",
        "the comparisons and controls that this status needs are missing",
    ),
    ("comparison", "comparison_closed", "INSERT", _CLOSED, "what a verdict found is closed"),
    ("control", "control_closed", "INSERT", _CLOSED, "what a verdict found is closed"),
    ("ledger", "ledger_chain", "INSERT", _CHAIN_BROKEN, "ledger chain broken"),
    ("ledger_node", "ledger_node_rows", "INSERT", _BEYOND, "a node over rows that are not there"),
    ("checkpoint", "checkpoint_head", "INSERT", f"NOT EXISTS ({_HEAD_OK})", "a checkpoint of rows that are not there"),
    ("event", "event_same", "UPDATE", "OLD.seq IS NOT NULL", "an event is never changed"),
    ("event", "event_stays", "DELETE", "OLD.kind NOT IN ('progress', 'log')", "an event stays"),
    (
        "run",
        "run_final",
        "UPDATE",
        f"OLD.state IN ({_finals(RUN)}) AND NEW.state <> OLD.state",
        "a run never leaves a final state",
    ),
    (
        "verification",
        "verification_final",
        "UPDATE",
        f"OLD.state IN ({_finals(VERIFICATION)}) AND NEW.state <> OLD.state",
        "a verification never leaves a final state",
    ),
    (
        "verification",
        "verification_verdict",
        "UPDATE",
        f"NEW.state IN ({_finals(VERIFICATION)}) AND (NEW.state = 'concluded') <> EXISTS ({_HAS_VERDICT})",
        "a verification is concluded by its verdict, and by nothing else",
    ),
)


def statements(dialect: str) -> list[str]:
    """Return the statements that create every trigger of a dialect, in order."""
    return (_sqlite() if dialect == "sqlite" else _postgresql()) + upkeep.statements(dialect)


def owners(dialect: str) -> dict[str, str]:
    """Return every trigger that must exist, with its table."""
    kinds = ("no_update", "no_delete", "no_replace") if dialect == "sqlite" else ("append_only", "no_truncate")
    found = {f"{table}_{kind}": table for table in APPEND_ONLY for kind in kinds}
    kept = {trigger: table for trigger, (table, _) in upkeep.TRIGGERS.items()}
    return found | {trigger: table for table, trigger, *_ in _RULES} | kept


def drops(dialect: str) -> list[str]:
    """Return the statements that remove every trigger of a dialect."""
    found = sorted(owners(dialect).items())
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {trigger}" for trigger, _ in found]
    functions = ("deny_change", *(trigger for _, trigger, *_ in _RULES), *upkeep.TRIGGERS)
    return [
        *(f"DROP TRIGGER IF EXISTS {trigger} ON {table}" for trigger, table in found),
        *(f"DROP FUNCTION IF EXISTS {name}()" for name in functions),
    ]


def create(connection: Connection) -> None:
    """Create every trigger; those that are there already are replaced."""
    drop(connection)
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    """Remove every trigger, as a migration must do before it changes tables that triggers speak of."""
    for statement in drops(connection.dialect.name):
        connection.exec_driver_sql(statement)


def _sqlite() -> list[str]:
    found = []
    for table, key in APPEND_ONLY.items():
        stop = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        if table == "verdict":
            same = f"({same}) OR verification_id = NEW.verification_id"
        found += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {stop}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {stop}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {stop}",
        ]
    for table, trigger, event, broken, message in _RULES:
        found.append(
            f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} WHEN {broken}"
            f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
    return found


def _postgresql() -> list[str]:
    found = [
        "CREATE FUNCTION deny_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',"
        " MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$"
    ]
    for table in APPEND_ONLY:
        found += [
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION deny_change()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION deny_change()",
        ]
    for table, trigger, event, broken, message in _RULES:
        found += [
            f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {broken} THEN"
            " RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',"
            f" MESSAGE = '{message}'; END IF; RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$",
            f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()",
        ]
    return found
