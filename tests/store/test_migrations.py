"""The history of the schema, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from app import actions
from app.store import migrate, triggers
from app.store.engine import Store, missing_triggers, open_engine
from app.store.errors import StoreBroken
from app.store.tables import REVISION, metadata
from tests.core.builders import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.house import House

#: Every table with its named constraints. A change here is a change of the schema that everybody should see.
NAMES = {
    "alarm": "fk_alarm_verdict_id pk_alarm",
    "api_key": "fk_api_key_successor_of pk_api_key uq_api_key_hash",
    "answered": "pk_answered",
    "approval": "pk_approval uq_approval_publisher_challenge_theorem_imports",
    "artifact": "ck_artifact_digest ck_artifact_size pk_artifact",
    "asset": "pk_asset",
    "audit": "pk_audit",
    "checkpoint": "ck_checkpoint_signature pk_checkpoint uq_checkpoint_day",
    "claim": "ck_claim_visibility fk_claim_record_id pk_claim uq_claim_publisher_record_key_name",
    "claim_revision": (
        "fk_claim_revision_claim_id pk_claim_revision uq_claim_revision_claim_id_digest uq_claim_revision_claim_id_number"
    ),
    "comparison": "fk_comparison_verdict_id pk_comparison",
    "control": "ck_control_attacker ck_control_result fk_control_verdict_id pk_control",
    "correction": "ck_correction_correction_type fk_correction_record_id fk_correction_verdict_id pk_correction",
    "environment": "pk_environment",
    "event": "ck_event_kind fk_event_verification_id pk_event",
    "gate": "fk_gate_record_id pk_gate",
    "key_retirement": "fk_key_retirement_keyid pk_key_retirement",
    "hook_begun": "fk_hook_begun_source_id fk_hook_begun_verification_id pk_hook_begun",
    "hook_claim": (
        "fk_hook_claim_delivery_id fk_hook_claim_verification_id pk_hook_claim uq_hook_claim_delivery_id_folder"
    ),
    "hook_delivery": (
        "ck_hook_delivery_state ck_hook_delivery_topic fk_hook_delivery_source_id pk_hook_delivery"
        " uq_hook_delivery_source_id_digest_topic"
    ),
    "hook_report": (
        "ck_hook_report_told fk_hook_report_source_id fk_hook_report_verification_id pk_hook_report"
        " uq_hook_report_source_id_sha_context"
    ),
    "hook_source": "ck_hook_source_gpus ck_hook_source_kind ck_hook_source_per_day pk_hook_source",
    "ledger": "ck_ledger_seq pk_ledger uq_ledger_hash uq_ledger_prev_hash",
    "ledger_node": "pk_ledger_node",
    "ledger_subject": "fk_ledger_subject_seq pk_ledger_subject uq_ledger_subject_seq",
    "listing": "fk_listing_verdict_id pk_listing",
    "log": "fk_log_digest pk_log",
    "login": "fk_login_key_id pk_login",
    "outcome": "ck_outcome_kind fk_outcome_result fk_outcome_run_id fk_outcome_stderr fk_outcome_stdout pk_outcome",
    "record": "ck_record_claims_total ck_record_visibility pk_record uq_record_publisher_external_id",
    "run": "ck_run_lease ck_run_purpose ck_run_state fk_run_verification_id pk_run uq_run_verification_id_key",
    "run_artifact": "fk_run_artifact_artifact fk_run_artifact_run_id pk_run_artifact",
    "seal": "pk_seal",
    "seal_artifact": "fk_seal_artifact_artifact fk_seal_artifact_seal pk_seal_artifact",
    "seal_asset": "fk_seal_asset_asset fk_seal_asset_seal pk_seal_asset",
    "signing_key": "pk_signing_key",
    "tally": "pk_tally",
    "upload": "ck_upload_size pk_upload",
    "verdict": (
        "ck_verdict_blame ck_verdict_evidence ck_verdict_no_fault ck_verdict_outcome ck_verdict_status"
        " fk_verdict_claim_id fk_verdict_claim_revision_id fk_verdict_evidence fk_verdict_verification_id"
        " pk_verdict uq_verdict_verification_id"
    ),
    "verification": (
        "ck_verification_blame ck_verification_state fk_verification_claim_revision_id"
        " fk_verification_retry_of fk_verification_seal pk_verification"
    ),
    "webhook_attempt": "fk_webhook_attempt_delivery_id pk_webhook_attempt",
    "webhook_delivery": "ck_webhook_delivery_state fk_webhook_delivery_endpoint_id pk_webhook_delivery",
    "webhook_endpoint": "ck_webhook_endpoint_state pk_webhook_endpoint",
    "worker": "pk_worker",
}


def names(url: str) -> dict[str, str]:
    """Return every table with the names of its constraints, as the database knows them."""
    engine = open_engine(url, 1)
    try:
        known = inspect(engine)
        return {table: _constraints(known, table) for table in known.get_table_names() if table != "alembic_version"}
    finally:
        engine.dispose()


def _constraints(known: Any, table: str) -> str:
    found = [item["name"] for item in known.get_check_constraints(table)]
    found += [item["name"] for item in known.get_unique_constraints(table)]
    found += [item["name"] for item in known.get_foreign_keys(table)]
    found.append(known.get_pk_constraint(table)["name"])
    return " ".join(sorted(found))


def triggers_missing(url: str) -> list[tuple[str, str]]:
    """Return the triggers that should be there and are not."""
    engine = open_engine(url, 1)
    try:
        with engine.connect() as connection:
            return missing_triggers(connection)
    finally:
        engine.dispose()


def test_the_history_goes_up_and_down_and_up_again(empty_database: str) -> None:
    migrate.upgrade(empty_database)
    first = names(empty_database)
    assert triggers_missing(empty_database) == []
    migrate.downgrade(empty_database)
    assert names(empty_database) == {}
    assert migrate.current(empty_database) is None
    migrate.upgrade(empty_database)
    assert names(empty_database) == first
    assert triggers_missing(empty_database) == []


def test_what_is_stored_survives_a_step_back_and_the_way_up_again(house: House) -> None:
    verification_id = house.verify()
    url = house.parts.store.url
    lost = {"judgings", "cpu_ms_reserved"}
    before = house.verification(verification_id).model_dump(exclude=lost)
    house.close()
    migrate.downgrade(url, "0001")
    migrate.upgrade(url)
    assert triggers_missing(url) == []
    actions.publish_keys(house.parts, [KEY])  # its table was not there in between
    row = house.verification(verification_id)
    assert row.judgings == 0
    assert row.model_dump(exclude=lost) == before
    assert house.verify(publisher="another") != verification_id


def test_verdicts_of_the_time_before_signatures_keep_their_findings_and_can_be_read(house: House) -> None:
    """Their tables are made anew on SQLite; such a verdict names no key, and new ones need one."""
    house.verify()
    url, counted = house.parts.store.url, {name: house.count(name) for name in ("comparison", "control")}
    assert all(counted.values())
    house.close()
    migrate.downgrade(url, "0003")
    migrate.upgrade(url)
    house.parts.store.check()
    assert {name: house.count(name) for name in counted} == counted
    assert house.scalar("SELECT keyid FROM verdict") is None
    assert actions.read_evidence(house.parts, str(house.scalar("SELECT id FROM verdict")))
    with pytest.raises(IntegrityError, match="signed by a key in use"):
        house.verify(publisher="another")


def test_tables_and_constraints_have_the_names_they_always_had(database: str) -> None:
    found = names(database)
    assert found == {table: " ".join(sorted(text.split())) for table, text in NAMES.items()}


def test_a_migrated_database_is_the_one_that_the_tables_describe(database: str) -> None:
    """What `alembic check` says, for both dialects."""
    command.check(migrate.config(database))


def test_migrations_make_the_checks_that_the_tables_describe(database: str, empty_database: str) -> None:
    """`alembic check` looks at columns, keys and indexes, not at these."""
    engine = open_engine(empty_database, 1)
    metadata.create_all(engine)
    engine.dispose()
    assert checks(database) == checks(empty_database)


def checks(url: str) -> dict[str, str]:
    """Return the text of every CHECK, by its name."""
    engine = open_engine(url, 1)
    try:
        known = inspect(engine)
        tables = known.get_table_names()
        return {str(item["name"]): item["sqltext"] for table in tables for item in known.get_check_constraints(table)}
    finally:
        engine.dispose()


def test_a_column_that_no_migration_adds_is_noticed(database: str, store: Store) -> None:
    with store.transaction() as session:
        session.connection().execute(text("ALTER TABLE gate ADD COLUMN mood VARCHAR"))
    with pytest.raises(Exception, match="mood"):
        command.check(migrate.config(database))


def test_a_downgrade_leaves_no_trigger_and_no_function(empty_database: str, dialect: str) -> None:
    migrate.upgrade(empty_database)
    migrate.downgrade(empty_database)
    query = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
        if dialect == "sqlite"
        else "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    engine = open_engine(empty_database, 1)
    with engine.connect() as connection:
        left = connection.execute(text(query)).scalar()
    engine.dispose()
    assert left == 0


def test_the_program_wants_the_newest_revision() -> None:
    assert migrate.head() == REVISION


def test_a_whole_database_is_accepted(store: Store) -> None:
    store.check()


@pytest.mark.parametrize(
    "rule", ["verdict_fence", "verdict_runs", "verdict_signed", "outcome_fence", "run_final", "ledger_chain"]
)
def test_a_database_without_a_trigger_is_refused_and_the_remedy_mends_it(store: Store, rule: str, dialect: str) -> None:
    table = triggers.owners(dialect)[rule]
    on_table = "" if dialect == "sqlite" else f" ON {table}"
    with store.transaction() as session:
        session.connection().execute(text(f"DROP TRIGGER {rule}{on_table}"))
    with pytest.raises(StoreBroken, match=f"lacks the trigger {rule} on {table}.* Run `python -m app.store.migrate`"):
        store.check()
    migrate.main(store.url)
    store.check()


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["DISABLE TRIGGER verdict_fence", "ENABLE REPLICA TRIGGER verdict_fence"])
def test_a_trigger_that_is_switched_off_counts_as_missing(store: Store, how: str) -> None:
    with store.transaction() as session:
        session.connection().execute(text(f"ALTER TABLE verdict {how}"))
    with pytest.raises(StoreBroken, match="verdict_fence on verdict, or it is disabled"):
        store.check()


def test_a_trigger_of_the_same_name_on_another_table_does_not_count(store: Store, dialect: str) -> None:
    """Somebody who rebuilt a table may have put its trigger elsewhere."""
    with store.transaction() as session:
        connection = session.connection()
        if dialect == "sqlite":
            connection.execute(text("DROP TRIGGER verdict_fence"))
            connection.execute(text("CREATE TRIGGER verdict_fence BEFORE INSERT ON gate BEGIN SELECT 1; END"))
        else:
            connection.execute(text("DROP TRIGGER verdict_fence ON verdict"))
            connection.execute(
                text("CREATE TRIGGER verdict_fence BEFORE INSERT ON gate FOR EACH ROW EXECUTE FUNCTION verdict_fence()")
            )
    with pytest.raises(StoreBroken, match="verdict_fence on verdict"):
        store.check()


def test_a_database_without_tables_is_refused_with_the_remedy(empty_database: str) -> None:
    store = Store(empty_database)
    with pytest.raises(StoreBroken, match=r"Run `python -m app\.store\.migrate`"):
        store.check()
    store.close()


def test_a_database_of_another_revision_is_refused(store: Store) -> None:
    with store.transaction() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreBroken, match="at revision 9999, this program wants"):
        store.check()


def test_mending_a_whole_database_changes_nothing(store: Store) -> None:
    assert migrate.mend_triggers(store.url) == 0
    store.check()


def test_an_upgrade_by_itself_does_not_hide_that_a_rule_was_switched_off(store: Store, dialect: str) -> None:
    on_table = "" if dialect == "sqlite" else " ON verdict"
    with store.transaction() as session:
        session.connection().execute(text(f"DROP TRIGGER verdict_runs{on_table}"))
    migrate.upgrade(store.url)
    with pytest.raises(StoreBroken):
        store.check()


def test_exactly_the_tables_that_say_so_are_append_only() -> None:
    mapped = [mapper.class_ for mapper in SQLModel._sa_registry.mappers]
    promised = {table.__tablename__ for table in mapped if "Append-only" in (table.__doc__ or "")}
    assert promised == set(triggers.APPEND_ONLY)


def test_migrations_are_found_wherever_the_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    migrate.upgrade(f"sqlite:///{tmp_path / 'here.db'}")
    assert migrate.current(f"sqlite:///{tmp_path / 'here.db'}") == REVISION
