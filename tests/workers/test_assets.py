"""Assets as a worker offers them: rows, seals, claims of runs, evidence, and what is gone or was changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.errors import Refusal
from app.store import assets, presence, runs
from app.store.presence import KnownWorker
from tests.api.bundles import SCRIPT_CLAIM, script_bundle
from tests.sandbox.kept import Kept, some_assets
from tests.workers.station import Station

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.store.intake import Submitted

pytestmark = pytest.mark.box

SCRIPT = """\
import json, os
with open(os.environ["ASSAY_INPUT"] + "/scores.csv") as file:
    total = sum(int(line) for line in file)
with open(os.environ["ASSAY_ASSETS"] + "/model/bias.txt") as file:
    total += int(file.read())
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"total": total}, file)
"""


@pytest.fixture
def kept() -> Iterator[Kept]:
    with some_assets() as found:
        yield found


@pytest.fixture
def station(home: Path, kept: Kept) -> Iterator[Station]:
    found = Station.open(home, asset_folder=kept.folder)
    yield found
    found.close()


def bundle(digest: str) -> dict[str, bytes]:
    claim = SCRIPT_CLAIM.replace('value = "6"', 'value = "48"') + f'assets = {{ model = "{digest}" }}\n'
    return script_bundle(claim, SCRIPT)


def added(station: Station, kept: Kept) -> str:
    digest = kept.add({"bias.txt": b"42"}, "xlmr", "MIT").digest
    station.hands.look()
    return digest


def status(station: Station, submitted: Submitted) -> str:
    found: str = station.scalar("SELECT status FROM verdict WHERE verification_id = :id", id=submitted.verification_id)
    return found


def test_one_that_is_added_while_a_worker_runs_is_offered_at_its_next_look(station: Station, kept: Kept) -> None:
    digest = kept.add({"bias.txt": b"42"}, "xlmr", "MIT").digest
    with pytest.raises(Refusal, match=f"there is no asset {digest} here"):
        station.submit_files(bundle(digest))
    station.hands.look()
    actions.announce(station.parts, station.hands.worker)
    with station.parts.store.read() as session:
        (worker,) = presence.present(session, 10)
        assert assets.known(session) == {digest: "xlmr"}
    assert worker.assets == {digest}
    submitted = station.submit_files(bundle(digest))
    station.work()
    assert status(station, submitted) == "VERIFIED"


def test_the_evidence_names_it_with_size_and_licence(station: Station, kept: Kept) -> None:
    digest = added(station, kept)
    submitted = station.submit_files(bundle(digest))
    station.work()
    query = "SELECT isolation FROM outcome JOIN run ON run.id = run_id WHERE verification_id = :id LIMIT 1"
    isolation = json.loads(station.scalar(query, id=submitted.verification_id))
    told = {"name": "model", "digest": digest, "bytes": 2, "files": 1, "licence": "MIT"}
    assert isolation["assets"] == [told]
    assert station.count("seal_asset") == 1


def test_a_worker_without_it_leaves_the_run_to_others(station: Station, kept: Kept) -> None:
    digest = added(station, kept)
    (run_id, *_) = station.submit_files(bundle(digest)).run_ids
    environments = set(station.hands.environments)
    assert actions.claim_run(station.parts, run_id, "host:2", environments) is None
    assert actions.claim_run(station.parts, run_id, "host:2", environments, {"sha256:other"}) is None
    assert station.run_row(run_id).state == "queued"
    found = actions.claim_run(station.parts, run_id, "host:2", environments, {"sha256:other", digest})
    assert isinstance(found, runs.Claimed)


def test_what_was_changed_on_the_disk_ends_as_the_services_fault_and_is_offered_no_more(
    station: Station, kept: Kept
) -> None:
    digest = added(station, kept)
    submitted = station.submit_files(bundle(digest))
    (kept.folder / digest.removeprefix("sha256:") / "data/bias.txt").write_text("41")
    station.work()
    found = station.verification(submitted.verification_id)
    assert (found.state, found.reason_code, found.blame) == ("faulted", "IMAGE_PULL_FAILED", "service")
    assert "the asset xlmr was changed on the disk" in (found.detail or "")
    assert str(kept.folder) not in (found.detail or "")
    assert station.count("verdict") == 0
    station.hands.look()
    assert station.hands.assets == {}


def test_one_that_is_mended_is_used_again(station: Station, kept: Kept) -> None:
    digest = added(station, kept)
    (kept.folder / digest.removeprefix("sha256:") / "data/bias.txt").write_text("41")
    station.hands.doubt()
    station.hands.look()
    assert station.hands.assets == {}
    assert added(station, kept) == digest
    submitted = station.submit_files(bundle(digest))
    station.work()
    assert status(station, submitted) == "VERIFIED"


def test_one_that_is_touched_and_the_same_is_used_after_the_next_look(station: Station, kept: Kept) -> None:
    digest = added(station, kept)
    (kept.folder / digest.removeprefix("sha256:") / "data/bias.txt").touch()
    first = station.submit_files(bundle(digest))
    station.work()
    assert station.verification(first.verification_id).state == "faulted"
    station.hands.look()
    again = station.submit_files(bundle(digest))
    station.work()
    assert status(station, again) == "VERIFIED"


def test_runs_that_wait_for_one_that_nobody_has_any_more_end_with_a_reason(station: Station, kept: Kept) -> None:
    digest = added(station, kept)
    waiting = station.submit_files(bundle(digest))
    house = station.parts.settings.environment_wait_seconds
    station.change("UPDATE run SET touched_at = touched_at - :s", s=house + 1)
    actions.announce(station.parts, station.hands.worker)
    actions.sweep(station.parts)
    assert station.verification(waiting.verification_id).state == "queued"
    bare = KnownWorker(station.hands.worker.name, station.hands.worker.queues, station.hands.worker.environments)
    actions.announce(station.parts, bare)
    station.change("UPDATE run SET touched_at = touched_at - :s", s=house + 1)
    actions.sweep(station.parts)
    found = station.verification(waiting.verification_id)
    assert (found.state, found.reason_code, found.blame) == ("faulted", "IMAGE_PULL_FAILED", "service")
    assert (found.detail or "").startswith(
        "No worker has the asset xlmr any more. Once it was added again, please submit"
    )


def test_a_run_that_waits_for_an_asset_is_shown_as_stuck_although_its_queue_moves(station: Station, kept: Kept) -> None:
    from app.store.house import house
    from app.store.visible import EVERYTHING

    digest = added(station, kept)
    station.submit_files(bundle(digest))
    busy = station.submit_files(script_bundle())
    assert actions.claim_run(station.parts, busy.run_ids[0], "host:2", set(station.hands.environments)) is not None
    station.change("UPDATE run SET touched_at = touched_at - 1000 WHERE state = 'queued'")
    actions.announce(station.parts, station.hands.worker)
    with station.parts.store.read() as session:
        assert house(session, 10, 60, EVERYTHING)["stuck"] == []
    bare = KnownWorker(station.hands.worker.name, station.hands.worker.queues, station.hands.worker.environments)
    actions.announce(station.parts, bare)
    with station.parts.store.read() as session:
        assert len(house(session, 10, 60, EVERYTHING)["stuck"]) == 1
