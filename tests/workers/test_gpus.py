"""Runs that ask for a GPU, from intake to verdict, with a stand-in for the device: who gets them, and who never does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from app import actions
from app.core.claim import parse_claim
from app.core.errors import Refusal
from app.core.model import Script
from app.settings import MAXIMUM_LIMITS, Settings
from app.store import presence
from bench.gpu import STUDY, on_a_gpu
from tests.api.bundles import SCRIPT, SCRIPT_CLAIM, script_bundle
from tests.sandbox.stand_in import StandIn
from tests.workers.station import Station
from workers.hands import Hands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.store.intake import Submitted

pytestmark = pytest.mark.box

OPEN = MAXIMUM_LIMITS.model_copy(update={"gpus": 1})
ON_GPU = SCRIPT_CLAIM + "[limits]\ngpus = 1\n"
NEEDS_ONE = 'import os\nassert os.path.exists("/dev/nvidia0")\n' + SCRIPT
NEEDS_NONE = 'import os\nassert not os.path.exists("/dev/nvidia0")\n' + SCRIPT


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn.make(tmp_path / "driver")


@pytest.fixture
def opened(home: Path) -> Iterator[Callable[..., Station]]:
    stations: list[Station] = []

    def open_one(*devices: StandIn) -> Station:
        stations.append(
            Station.open(home, devices=lambda: [item.gpu() for item in devices], maximum_limits=OPEN, prepared_boxes=0)
        )
        return stations[-1]

    yield open_one
    for station in stations:
        station.close()


def verdict(station: Station, submitted: Submitted) -> tuple[str, str | None]:
    query = "SELECT {} FROM verdict WHERE verification_id = :id"
    return tuple(  # type: ignore[return-value]
        station.scalar(query.format(column), id=submitted.verification_id) for column in ("status", "reason_code")
    )


def isolation(station: Station, submitted: Submitted) -> dict[str, object]:
    query = "SELECT isolation FROM outcome JOIN run ON run.id = run_id WHERE verification_id = :id LIMIT 1"
    found: dict[str, object] = json.loads(station.scalar(query, id=submitted.verification_id))
    return found


def test_a_claim_is_executed_with_the_device_and_another_one_beside_it_without(
    opened: Callable[..., Station], stand_in: StandIn
) -> None:
    station = opened(stand_in)
    with_it = station.submit_files(script_bundle(ON_GPU, NEEDS_ONE))
    without = station.submit_files(script_bundle(SCRIPT_CLAIM, NEEDS_NONE))
    assert (with_it.queue, without.queue) == ("gpu", "cpu")
    station.work()
    assert (verdict(station, with_it)[0], verdict(station, without)[0]) == ("VERIFIED", "VERIFIED")
    told = isolation(station, with_it)["gpu"]
    assert isinstance(told, dict)
    assert (told["name"], told["driver"], told["cuda"]) == ("Stand-in", "570.1", "12.8")
    assert "gpu" not in isolation(station, without)


def test_a_worker_says_which_device_it_holds_and_one_without_serves_no_such_run(
    opened: Callable[..., Station], stand_in: StandIn
) -> None:
    having, lacking = opened(stand_in), opened(stand_in)
    assert having.hands.gpu is not None
    assert lacking.hands.gpu is None, "one run at a time has a device, and one process holds it"
    assert json.loads(having.hands.worker.gpu)["name"] == "Stand-in"
    assert "gpu" in having.hands.worker.queues
    assert "gpu" not in lacking.hands.worker.queues
    actions.announce(having.parts, having.hands.worker)
    with having.parts.store.read() as session:
        assert having.hands.worker in presence.present(session, 10)
    (run_id, *_) = having.submit_files(script_bundle(ON_GPU, NEEDS_ONE)).run_ids
    environments = set(having.hands.environments)
    assert actions.claim_run(having.parts, run_id, "host:2", environments) is None
    assert having.run_row(run_id).state == "queued"
    assert actions.claim_run(having.parts, run_id, "host:3", environments, gpu=True) is not None


def test_out_of_its_memory_is_a_reason_of_its_own(opened: Callable[..., Station], stand_in: StandIn) -> None:
    station = opened(stand_in)
    script = 'import sys\nsys.exit("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.")\n'
    submitted = station.submit_files(script_bundle(ON_GPU, script))
    station.work()
    assert verdict(station, submitted) == ("UNVERIFIED", "GPU_OOM")
    query = "SELECT blame, reason FROM verdict WHERE verification_id = :id"
    assert station.scalar(query, id=submitted.verification_id) == "resource"


def test_a_device_that_is_not_free_after_a_run_is_given_to_no_further_one(
    opened: Callable[..., Station], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.gpus.IDLE_SECONDS", 0.0)
    monkeypatch.setattr("sandbox.gpus.trouble.__defaults__", (0.0,))
    station = opened(stand_in)
    submitted = station.submit_files(script_bundle(ON_GPU, NEEDS_ONE))
    stand_in.say("used", "9000\n")
    station.work()
    assert station.hands.gpu is None
    assert station.hands.worker.gpu == ""
    states = {station.run_row(run_id).state for run_id in submitted.run_ids}
    assert states == {"done"}, "what was measured before anything was wrong counts"
    assert station.verification(submitted.verification_id).state == "running"
    assert station.count("verdict") == 0


def test_one_that_is_in_use_when_a_worker_starts_is_not_taken(
    opened: Callable[..., Station], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.gpus.trouble.__defaults__", (0.0,))
    stand_in.say("used", "9000\n")
    assert opened(stand_in).hands.gpu is None


def test_a_worker_of_other_queues_takes_none(home: Path, stand_in: StandIn) -> None:
    Station.open(home).close()
    hands = Hands.open(Settings(home=home), ["cpu"], lambda: [stand_in.gpu()])
    assert hands.gpu is None
    hands.close()


def test_more_than_the_operator_allows_is_refused(opened: Callable[..., Station], stand_in: StandIn) -> None:
    with pytest.raises(Refusal, match="gpus is above what the operator allows"):
        opened(stand_in).submit_files(script_bundle(ON_GPU.replace("gpus = 1", "gpus = 2"), NEEDS_ONE))
    with pytest.raises(ValidationError, match="a run holds one GPU at most"):
        Settings(maximum_limits=MAXIMUM_LIMITS.model_copy(update={"gpus": 2}))


def test_the_bench_gives_the_study_a_gpu_and_its_full_size() -> None:
    claim, environments = (STUDY / "claim.toml").read_text(), {"torch": "sha256:" + "0" * 64}
    files = [path.name for path in STUDY.iterdir()]
    policy = Settings(maximum_limits=OPEN).policy(environments)
    changed = parse_claim(on_a_gpu(claim, 60.0).encode(), files, policy)
    assert changed.limits.gpus == 1
    assert isinstance(changed.reproduce, Script)
    assert changed.reproduce.parameters == {"effort": 60.0}
    with pytest.raises(ValueError, match="is not as this program knows it"):
        on_a_gpu(on_a_gpu(claim, 60.0), 60.0)
