"""A run that waits says what no worker has; one whose turn has not come says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.store import presence, waiting
from app.store.presence import KnownWorker
from app.store.waiting import Need, lack

if TYPE_CHECKING:
    from tests.store.conftest import House

TORCH, OTHER, MODEL = (f"sha256:{letter * 64}" for letter in "abc")
CPU, GPU = frozenset({"cpu"}), frozenset({"gpu"})
DEVICE = '{"name": "a GPU"}'


def worker(queues: frozenset[str], environment: str = TORCH, asset: str = "", gpu: str = "") -> KnownWorker:
    return KnownWorker("host:1", queues, frozenset({environment}), frozenset({asset} - {""}), gpu)


NEED = Need("cpu", TORCH, {}, "torch")
ON_GPU = Need("gpu", TORCH, {}, "torch")
WITH_ASSET = Need("cpu", TORCH, {MODEL: "xlmr"}, "torch")
#: what is needed, who is there -> what is said
TABLE: dict[str, tuple[Need, list[KnownWorker], str | None]] = {
    "nobody": (NEED, [], "No worker is there."),
    "somebody": (NEED, [worker(CPU)], None),
    "another queue": (ON_GPU, [worker(CPU)], "No worker that is there serves the queue gpu."),
    "no device": (ON_GPU, [worker(GPU)], "No worker that is there holds a GPU."),
    "a device": (ON_GPU, [worker(GPU), worker(GPU, gpu=DEVICE)], None),
    "another environment": (
        NEED,
        [worker(CPU, OTHER), worker(GPU, TORCH)],
        "No worker of the queue cpu has the environment torch (sha256:aaaaaaaaaaaa…).",
    ),
    "an environment without a name": (
        Need("cpu", TORCH, {}),
        [worker(CPU, OTHER)],
        f"No worker of the queue cpu has the environment {TORCH}.",
    ),
    "no asset": (
        WITH_ASSET,
        [worker(CPU), worker(CPU, OTHER, MODEL)],
        "No worker of the queue cpu that has the rest has the asset xlmr (sha256:cccccccccccc…).",
    ),
    "the asset": (WITH_ASSET, [worker(CPU), worker(CPU, TORCH, MODEL)], None),
}


@pytest.mark.parametrize(("need", "there", "said"), TABLE.values(), ids=TABLE.keys())
def test_the_first_thing_that_no_worker_has_is_named(need: Need, there: list[KnownWorker], said: str | None) -> None:
    assert lack(need, there) == said


def test_a_verification_says_what_its_waiting_runs_lack_until_somebody_has_it(house: House) -> None:
    job = house.submit()
    environment = str(house.scalar("SELECT environment FROM run WHERE id = :id", id=job.run_ids[0]))

    def said() -> str | None:
        with house.parts.store.read() as session:
            return waiting.lacked(session, job.verification_id, 10)

    def announce(known: KnownWorker) -> None:
        with house.parts.store.transaction() as session:
            presence.announce(session, known)

    assert said() == "No worker is there."
    announce(worker(CPU, OTHER))
    assert said() == f"No worker of the queue cpu has the environment python ({environment[:19]}…)."
    announce(worker(CPU, environment))
    assert said() is None
    house.change("UPDATE worker SET seen_at = seen_at - 40")
    assert said() == "No worker is there.", "it has not been heard of"
    house.claim(job.run_ids[0])
    assert said() is None, "nothing waits"
