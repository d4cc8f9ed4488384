"""GPUs, with a stand-in for the driver's program and plain devices as nodes: no test here computes on a GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Gpu, Job, NoIsolation, Outcome, Sandbox, SandboxFault, StagedFile, gpus, host_python
from sandbox.doctor import audit
from sandbox.plan import LIBRARIES, bwrap_arguments
from tests.sandbox.stand_in import StandIn
from tests.sandbox.values import MERGED, STAGING, a_job

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn.make(tmp_path / "driver")


def a_host(folder: Path, *nodes: str) -> Path:
    for path in (*(f"dev/{node}" for node in nodes), "sys/module/nvidia/version", "sys/devices/pci0000:00/x"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    return folder


# --- what there is


def test_the_devices_are_those_that_the_driver_names_by_their_nodes_numbers(stand_in: StandIn, tmp_path: Path) -> None:
    host = a_host(tmp_path / "host", "nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm")
    (found,) = gpus.find(stand_in.program, host)
    assert (found.number, found.uuid, found.name) == (3, "GPU-a", "Plain A")
    assert (found.memory_bytes, found.driver, found.cuda) == (1 << 30, "570.1", "12.8")
    dev = host / "dev"
    assert found.nodes == tuple((f"/dev/{name}", str(dev / name)) for name in ("nvidia3", "nvidiactl", "nvidia-uvm"))
    assert [path for path in found.reads if path.startswith(str(host))] == [
        str(host / "sys/module/nvidia"),
        str(host / "sys/devices/pci0000:00"),
    ]
    assert gpus.describe(found) == {"name": "Plain A", "memory_bytes": 1 << 30, "driver": "570.1", "cuda": "12.8"}


def test_without_the_drivers_program_there_are_none() -> None:
    assert gpus.find("no-such-program") == []


@pytest.mark.parametrize(("answer", "said"), [("<half", "no answer that could be read"), (None, "failed")])
def test_a_driver_that_does_not_answer_is_a_fault(stand_in: StandIn, answer: str | None, said: str) -> None:
    if answer is None:
        (stand_in.folder / "answer.xml").unlink()
    else:
        stand_in.say("answer.xml", answer)
    with pytest.raises(SandboxFault, match=said):
        gpus.find(stand_in.program)


def test_a_device_is_held_once_on_a_host_and_free_again_afterwards(stand_in: StandIn) -> None:
    one, two = stand_in.gpu(), stand_in.gpu(f"GPU-second-{stand_in.gpu().uuid}")
    first, second = gpus.take([one, two]), gpus.take([one, two])
    assert first is not None
    assert second is not None
    assert (first[0], second[0]) == (one, two)
    assert gpus.take([one, two]) is None
    first[1].close()
    third = gpus.take([one, two])
    assert third is not None
    assert third[0] == one
    for _, lock in (second, third):
        lock.close()


def test_a_device_is_in_order_when_it_answers_and_its_memory_is_free(stand_in: StandIn) -> None:
    assert gpus.trouble(stand_in.gpu(), 0) is None
    stand_in.say("used", "4096\n")
    assert gpus.trouble(stand_in.gpu(), 0) == "4096 MiB of its memory are in use although no run is"
    stand_in.say("used", "[Unknown Error]\n")
    assert "it does not answer" in str(gpus.trouble(stand_in.gpu(), 0))
    (stand_in.folder / "used").unlink()
    assert "it does not answer" in str(gpus.trouble(stand_in.gpu(), 0))


# --- in the box

LOOK = """\
import json, os, time
found = {"nodes": sorted(name for name in os.listdir("/dev") if name.startswith("nv"))}
if found["nodes"]:
    with open("/dev/nvidia0", "r+b", buffering=0) as device:
        found["written"] = device.write(b"x")
found["settings"] = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
found["system"] = os.path.exists("/sys/devices/system")
time.sleep(0.4)
json.dump(found, open(os.environ["ASSAY_RESULT"], "w"))
"""


def asked(gpu: Gpu | None, script: str = LOOK) -> Job:
    file = StagedFile("/job/script.py", script.encode())
    return Job(host_python(), (file.target,), (file,), wall_ms=20_000, cpu_ms=20_000, gpu=gpu)


def looked(outcome: Outcome) -> Mapping[str, object]:
    assert outcome.result is not None, outcome.stderr
    found: Mapping[str, object] = json.loads(outcome.result)
    return found


@pytest.mark.box
def test_a_box_with_a_device_has_its_nodes_and_the_next_one_without_has_none(stand_in: StandIn) -> None:
    with Sandbox(ahead=1) as box:
        having, lacking, again = (box.run(asked(gpu)) for gpu in (stand_in.gpu(), None, stand_in.gpu()))
    with_it = {"nodes": ["nvidia0", "nvidiactl"], "written": 1, "settings": ":4096:8", "system": True}
    assert looked(having) == looked(again) == with_it
    assert looked(lacking) == {"nodes": [], "settings": None, "system": False}
    assert "gpu" not in lacking.isolation


@pytest.mark.box
def test_what_a_run_used_of_a_device_is_in_its_evidence(stand_in: StandIn) -> None:
    with Sandbox() as box:
        told = box.run(asked(stand_in.gpu())).isolation["gpu"]
    assert told.pop("samples") >= 2
    assert told.pop("mean_busy_percent") == pytest.approx(50, abs=10)
    assert told == {**gpus.describe(stand_in.gpu()), "peak_memory_bytes": 300 << 20}
    assert "--query-gpu=memory.used,utilization.gpu" in (stand_in.folder / "asked").read_text()


@pytest.mark.box
def test_a_driver_that_gives_no_figures_spoils_no_run(stand_in: StandIn) -> None:
    stand_in.say("samples", "[N/A], [N/A]\n")
    with Sandbox() as box:
        outcome = box.run(asked(stand_in.gpu()))
    assert (outcome.exit_code, outcome.isolation["gpu"]["samples"]) == (0, 0)


OUT_OF_MEMORY = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB."


@pytest.mark.box
@pytest.mark.parametrize(
    ("code", "device", "limit"),
    [(1, True, "gpu"), (1, False, None), (0, True, None)],
    ids=["failed", "no GPU", "exit 0"],
)
def test_a_failed_program_that_says_that_its_gpu_is_full_met_that_limit(
    stand_in: StandIn, *, code: int, device: bool, limit: str | None
) -> None:
    script = f"import sys\nprint({OUT_OF_MEMORY!r}, file=sys.stderr)\nsys.exit({code})\n"
    with Sandbox() as box:
        outcome = box.run(asked(stand_in.gpu() if device else None, script))
    assert (outcome.kind, outcome.exit_code, outcome.limit) == ("exited", code, limit)
    assert ("the program said that no memory of its GPU was left" in outcome.notes) is device


def test_the_other_engine_is_given_no_device(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as box:
        monkeypatch.setattr(box.maker, "name", "oci:crun")
        with pytest.raises(NoIsolation, match="no box by crun is given a GPU"):
            box.run(asked(stand_in.gpu()))


def test_nodes_are_the_only_thing_of_the_host_that_is_not_read_only(stand_in: StandIn) -> None:
    plain, with_it = (
        bwrap_arguments(a_job(gpu=gpu).shape, MERGED, STAGING, "/host/runner", 5) for gpu in (None, stand_in.gpu())
    )
    begin, end = with_it.index("--dev") + 2, with_it.index("--size")
    binds = ["--dev-bind", "/dev/null", "/dev/nvidia0", "--dev-bind", "/dev/zero", "/dev/nvidiactl"]
    assert with_it[begin:end] == [*binds, "--ro-bind", "/sys/devices/system", "/sys/devices/system"]
    without = [*with_it[:begin], *with_it[end:]]
    assert [word for word in without if word not in plain and word not in {*LIBRARIES, *LIBRARIES.values()}] == []
    assert "--dev-bind" not in plain


# --- the doctor


@pytest.mark.box
def test_the_doctor_says_that_there_is_none_and_ends_as_it_would_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "find", list)
    found = audit(gpu=True)
    (check,) = [item for item in found.checks if item.name == "GPU"]
    assert (check.ok, check.required, bool(check.remedy)) == (False, False, True)
    assert check.detail.startswith("none: there is no `nvidia-smi`")
    assert found.level == audit().level


@pytest.mark.box
def test_the_doctor_believes_no_device_on_which_nothing_is_computed(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in has nodes and a program that answers; a kernel cannot run on it."""
    monkeypatch.setattr(gpus, "find", lambda: [stand_in.gpu()])
    (check,) = [item for item in audit(gpu=True).checks if item.name == "GPU"]
    assert not check.ok
    assert check.detail.startswith("Stand-in: no kernel could be run in a box: ")
    assert "libcuda.so.1" in check.detail or "cuInit" in check.detail
