"""In which order the runs of a stage are begun: one that nobody can know before, so that no run can count its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import actions
from app.core import evidence
from app.store import views
from tests.store.house import ATTACKS

if TYPE_CHECKING:
    from tests.store.house import House

SOME = 4  # verifications; that two of them have the same order by chance is once in 80 million


def measure(house: House) -> list[str]:
    """Let some verifications of the same claim reach the stage whose runs go side by side; returns their ids."""
    begun = [house.submit(publisher=f"p{number}") for number in range(SOME)]
    house.heard.forget()
    for submitted in begun:
        house.run(submitted.run_ids[0])
    return [submitted.verification_id for submitted in begun]


def orders(house: House, verifications: list[str]) -> list[tuple[str, ...]]:
    """Return the keys of each verification's runs in the order in which workers heard of them."""
    rows = [house.run_row(run_id) for run_id, _ in house.heard.runs]
    return [tuple(row.key for row in rows if row.verification_id == wanted) for wanted in verifications]


def different(found: list[tuple[str, ...]]) -> bool:
    """Say whether the same runs came in another order each time."""
    assert len({frozenset(keys) for keys in found}) == 1
    assert {len(keys) for keys in found} == {ATTACKS}
    return len(set(found)) == SOME


def test_the_runs_of_a_stage_are_nudged_in_an_order_drawn_anew(house: House) -> None:
    assert different(orders(house, measure(house)))


def test_so_they_are_by_the_sweeper_behind_verifications_that_wait_longer(house: House) -> None:
    verifications = measure(house)
    house.heard.forget()
    for at, verification_id in enumerate(verifications):
        house.change(
            "UPDATE run SET touched_at = touched_at - :s WHERE verification_id = :v", s=99 - at, v=verification_id
        )
    actions.sweep(house.parts)
    assert different(orders(house, verifications))
    came = [house.run_row(run_id).verification_id for run_id, _ in house.heard.runs]
    assert came == [wanted for wanted in verifications for _ in range(ATTACKS)]


def test_the_verdict_does_not_depend_on_the_order(house: House) -> None:
    found = set()
    verifications = measure(house)
    heard = [house.run_row(run_id) for run_id, _ in house.heard.runs]
    for verification_id in verifications:
        for row in heard:
            if row.verification_id == verification_id:
                house.run(row.id)
        house.run_all(verification_id)
        assert actions.conclude(house.parts, verification_id) is not None
        with house.parts.store.read() as session:
            shown = views.verification(session, verification_id)
        assert shown is not None
        assert shown.verdict is not None
        report = evidence.verify(house.parts.blobs.read(shown.verdict["evidence"]))
        assert report.findings == ()
        assert report.judgement is not None
        found.add(report.judgement.model_dump_json())
    assert len(found) == 1
