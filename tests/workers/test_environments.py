"""Environments that the operator built, as a worker offers them: rows, seals, claims of runs, and what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import actions
from app.core.errors import Refusal
from app.store import intake, presence
from tests.api.bundles import SCRIPT_CLAIM, script_bundle
from tests.sandbox.wheels import RECIPE, Shelf, a_shelf
from tests.workers.station import Station

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.store.intake import Submitted

pytestmark = pytest.mark.box

IN_TINY = SCRIPT_CLAIM.replace("entrypoint =", 'environment = "tiny"\nentrypoint =')


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with a_shelf() as found:
        yield found


@pytest.fixture
def station(home: Path, shelf: Shelf) -> Iterator[Station]:
    found = Station.open(home, environments=shelf.base)
    yield found
    found.close()


def bundle() -> dict[str, bytes]:
    files = script_bundle(IN_TINY)
    (script,) = [name for name in files if name.endswith(".py")]
    return {**files, script: b"import tiny\nassert tiny.VALUE == 42\n" + files[script]}


def status(station: Station, submitted: Submitted) -> str:
    found: str = station.scalar("SELECT status FROM verdict WHERE verification_id = :id", id=submitted.verification_id)
    return found


def published(station: Station) -> dict[str, str]:
    with station.parts.store.read() as session:
        return intake.environments(session)


def test_one_that_is_built_while_a_worker_runs_is_offered_at_its_next_look(station: Station, shelf: Shelf) -> None:
    with pytest.raises(Refusal, match="there is no environment 'tiny' here"):
        station.submit_files(bundle())
    digest = shelf.build().digest
    station.hands.look()
    actions.announce(station.parts, station.hands.worker)
    assert published(station)["tiny"] == digest
    with station.parts.store.read() as session:
        (worker,) = presence.present(session, 10)
    assert digest in worker.environments
    submitted = station.submit_files(bundle())
    station.work()
    assert status(station, submitted) == "VERIFIED"


def test_a_worker_that_starts_offers_what_stands(home: Path, shelf: Shelf) -> None:
    digest = shelf.build().digest
    station = Station.open(home, environments=shelf.base)
    try:
        assert published(station)["tiny"] == digest
        assert digest in station.hands.environments
    finally:
        station.close()


def test_what_was_changed_on_the_disk_ends_as_the_services_fault(station: Station, shelf: Shelf) -> None:
    manifest = shelf.build()
    station.hands.look()
    submitted = station.submit_files(bundle())
    (shelf.base / manifest.folder / "site/tiny/data.txt").write_text("other")
    station.work()
    found = station.verification(submitted.verification_id)
    assert (found.state, found.reason_code) == ("faulted", "IMAGE_PULL_FAILED")
    assert "the environment tiny was changed on the disk" in (found.detail or "")
    assert str(shelf.base) not in (found.detail or "")


def test_after_a_fault_a_worker_looks_again_at_an_environment_and_uses_it_when_it_is_as_built(
    station: Station, shelf: Shelf
) -> None:
    manifest = shelf.build()
    station.hands.look()
    first = station.submit_files(bundle())
    data = shelf.base / manifest.folder / "site/tiny/data.txt"
    data.write_bytes(data.read_bytes())  # the same contents, and yet nobody can know
    station.work()
    assert station.verification(first.verification_id).state == "faulted"
    station.hands.look()
    again = station.submit_files(bundle())
    station.work()
    assert status(station, again) == "VERIFIED"


def test_a_script_that_does_not_import_what_others_do_has_its_memory_for_itself(station: Station, shelf: Shelf) -> None:
    shelf.build()
    station.hands.look()
    files = script_bundle(IN_TINY)
    for kind, given in (("importing", bundle() | {"claim.toml": files["claim.toml"]}), ("other", files)):
        submitted = station.submit_files(given)
        station.work()
        assert status(station, submitted) == "VERIFIED", kind
        query = "SELECT group_concat(isolation) FROM outcome JOIN run ON run.id = run_id WHERE verification_id = :id"
        had = "imported" in station.scalar(query, id=submitted.verification_id)
        assert had is (kind == "importing")


def test_a_run_sealed_with_an_older_build_is_executed_in_it(station: Station, shelf: Shelf) -> None:
    shelf.build()
    station.hands.look()
    submitted = station.submit_files(bundle())
    shelf.put("tiny", "2.0", {"tiny/__init__.py": "VALUE = 'not what was sealed'"})
    shelf.build(RECIPE.replace("1.0", "2.0"))
    station.hands.look()
    station.work()
    assert status(station, submitted) == "VERIFIED"
