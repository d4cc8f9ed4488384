"""The page of a claim with a proof: what was stated and proved, who approved it, which kernel said what, what stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app import actions
from app.main import create_app
from app.store import migrate
from tests.core.proofs import CHALLENGE, MANIFEST, SOLUTION, Boxes, proof_bundle, proved, rejecting
from tests.store.house import House
from tests.store.proving import CHALLENGED, approve, offering, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REJECTED = {"name": "cheat", "message": "no"}


@pytest.fixture
def proving(tmp_path: Path) -> Iterator[tuple[House, TestClient]]:
    """Yield a service that accepts a checker for tests, and a browser on its machine."""
    database = f"sqlite:///{tmp_path / 'assay.db'}"
    migrate.upgrade(database)
    house = offering(House.open(database, tmp_path), proof_assurance="test")
    with TestClient(create_app(house.parts.settings), "http://127.0.0.1:8000", client=("127.0.0.1", 50000)) as client:
        yield house, client
    house.close()


def page_of(house: House, client: TestClient, verification_id: str) -> tuple[str, Any]:
    claim = house.scalar("SELECT claim_id FROM verdict WHERE verification_id = :id", id=verification_id)
    page = client.get(f"/claims/{claim}", headers={"Accept": "text/html"})
    twin = client.get(f"/claims/{claim}.json")
    assert (page.status_code, twin.status_code) == (200, 200)
    for address in (f"/verifications/{verification_id}", "/", "/claims/" + str(claim) + ".json"):
        assert client.get(address, headers={"Accept": "text/html"}).status_code == 200
    for key in ("done",):
        for run in house.runs(verification_id, key):
            assert client.get(f"/runs/{run}", headers={"Accept": "text/html"}).status_code == 200
    return page.text, twin.json()


def test_the_page_of_a_proof_shows_what_was_stated_proved_and_believed(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    approve(house)
    page, twin = page_of(house, client, verify(house))
    proof = twin["proof"]
    assert (proof["challenge"]["text"], proof["challenge"]["sha256"]) == (CHALLENGE.decode(), CHALLENGED)
    assert proof["solution"]["text"] == SOLUTION.decode()
    assert proof["approval"]["by"] == "key_1"
    assert {name: proof["checker"][name] for name in MANIFEST} == MANIFEST
    assert (proof["replay"]["declarations"], proof["replay"]["axioms"]) == (2, ["propext"])
    for part in ("Paper.main", "1 + 1 = 2 := sorry", "1 + 1 = 2 := rfl", "key_1", "4.28.0-pre", "propext", "38f3c0c4"):
        assert part in page, part
    assert "people read it, no machine does" in page
    assert "solution+direct-base" in page
    assert "every declaration accepted by the kernel" in page
    assert "None" not in page


@pytest.mark.parametrize(
    ("boxes", "part"),
    [
        ({"replay-0": rejecting("cheat"), "confirm-0": rejecting("cheat")}, "rejected: <code>cheat</code>"),
        ({"prove-solution": proved(stage="imports", denied="Lean")}, "imports Lean, which is not on"),
        ({"replay-0": "nonsense"}, "PROOF_TOOLCHAIN_ERROR"),
    ],
)
def test_the_page_of_a_proof_stands_whatever_its_boxes_say(
    proving: tuple[House, TestClient], boxes: Boxes, part: str
) -> None:
    house, client = proving
    approve(house)
    page, _ = page_of(house, client, verify(house, boxes))
    assert part in page


def test_a_statement_that_nobody_approved_is_shown_as_one(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    page, twin = page_of(house, client, verify(house))
    assert (twin["proof"]["approval"], twin["proof"]["replay"]) == (None, None)
    assert "by nobody before the proof came" in page


def test_a_proof_that_is_not_judged_yet_is_shown_with_its_source(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    approve(house)
    submitted = house.submit_files(proof_bundle())
    claim = house.scalar("SELECT id FROM claim")
    page = client.get(f"/claims/{claim}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert SOLUTION.decode() in client.get(f"/claims/{claim}.json").json()["proof"]["solution"]["text"]
    assert "1 + 1 = 2 := rfl" in page.text
    assert house.runs(submitted.verification_id, "queued")


def test_a_revoked_checker_and_what_it_decided_are_both_shown(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    approve(house)
    before = verify(house)
    offering(house, proof_revoked=[MANIFEST["lean_commit"]])
    (reopened,) = actions.reopen(house.parts)
    assert actions.conclude(house.parts, str(reopened.verification_id)) is not None
    page, twin = page_of(house, client, str(reopened.verification_id))
    assert twin["proof"]["checker"]["refused"] == "revoked by the operator"
    assert "revoked by the operator" in page
    assert before in page
    assert "PROOF_TOOLCHAIN_ERROR" in page


def test_a_strangers_source_neither_hides_nor_runs_anything(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    approve(house)
    files = proof_bundle(solution__lean="<script>x</script> \u202e\x00 é\r\n".encode() + b"\xff")
    page, twin = page_of(house, client, verify(house, files=files))
    assert twin["proof"]["solution"]["text"] == "<script>x</script> \ufffd\ufffd é\n\ufffd"
    assert "<script>x" not in page
    assert "\u202e" not in page


def test_a_long_source_is_shown_from_its_beginning(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    approve(house)
    page, twin = page_of(house, client, verify(house, files=proof_bundle(solution__lean=b"-- x\n" * 40_000)))
    assert twin["proof"]["solution"]["cut"]
    assert len(twin["proof"]["solution"]["text"]) == 64 << 10
    assert "The beginning of it; the archive has all." in page


def test_the_page_names_every_kernel_of_several_and_what_it_said(proving: tuple[House, TestClient]) -> None:
    house, client = proving
    approve(house)
    words = [{"name": "metamath", "version": "0.195"}, {"name": "other", "version": "1", "rejected": REJECTED}]
    page, twin = page_of(house, client, verify(house, {"replay-0": rejecting(kernels=words)}))
    assert [item["name"] for item in twin["proof"]["replay"]["kernels"]] == ["metamath", "other"]
    assert "metamath 0.195 accepted, other 1 rejected" in page
    assert "KERNELS_DISAGREE" in page
