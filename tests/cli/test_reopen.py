"""`assay reopen`: names what stands by a checker that is believed no more, and opens it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.store import migrate
from tests.cli.command import assay
from tests.core.proofs import MANIFEST
from tests.store.house import House
from tests.store.proving import approve, offering, verify

if TYPE_CHECKING:
    from pathlib import Path

REVOKED = {"ASSAY_PROOF_REVOKED": json.dumps([MANIFEST["lean_commit"]])}


def a_verified_proof(home: Path) -> str:
    """Leave a service's database with a proof that is VERIFIED; returns its verdict's id."""
    database = f"sqlite:///{home / 'assay.db'}"
    migrate.upgrade(database)
    house = offering(House.open(database, home), proof_assurance="test")
    try:
        approve(house)
        verify(house)
        return str(house.scalar("SELECT id FROM verdict WHERE status = 'VERIFIED'"))
    finally:
        house.close()


def test_what_is_believed_no_more_is_named_and_then_opened_again(tmp_path: Path) -> None:
    verdict_id = a_verified_proof(tmp_path)
    believed = assay("reopen", home=tmp_path)
    assert (believed.returncode, believed.stdout) == (0, "")
    assert "no verdict stands by a checker that is believed no more" in believed.stderr
    pretended = json.loads(assay("reopen", "--pretend", "--json", home=tmp_path, **REVOKED).stdout)
    assert (pretended["verdict_id"], pretended["verification_id"]) == (verdict_id, None)
    done = assay("reopen", home=tmp_path, **REVOKED)
    assert done.returncode == 0, done.stderr
    said = f"{verdict_id}  VERIFIED  demo: two; the checker is revoked by the operator, judged anew as ver_"
    assert done.stdout.startswith(said)
    again = json.loads(assay("reopen", "--json", home=tmp_path, **REVOKED).stdout)
    assert (again["new"], again["refused"], again["claim_name"]) == (False, "revoked by the operator", "two")
