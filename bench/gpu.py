"""What a host with a GPU of NVIDIA gives: a kernel in a box, the box's slow-down, and the study at its full size.

    python -m bench.gpu [--effort 60] [--rounds 5]

Needs the environment `torch`, built with CUDA (`assay env build torch`). The same products of matrices are computed in a
box and outside of it, taking turns, by the same interpreter with the same packages and variables; each prints the seconds
that the GPU took, without imports and the first product. The study is `examples/intermediate-task/study`, with `gpus = 1`
and its `effort` raised, verified by the command itself. Exits with 5 where there is no device, having measured nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import MAXIMUM_LIMITS, Settings
from cli.exits import Exit
from sandbox import Job, Sandbox, StagedFile, gpu_doctor, host_python
from sandbox.built import load
from sandbox.plan import LIBRARIES

if TYPE_CHECKING:
    from sandbox import Environment, Gpu

STUDY = Path(__file__).parent.parent / "examples" / "intermediate-task" / "study"
ROOM = {"wall_ms": 600_000, "cpu_ms": 600_000, "memory_bytes": 8 << 30, "processes": 256, "cpus": 4}
PRODUCTS = """\
import json, os, time
import torch
torch.use_deterministic_algorithms(True)
left, right = (torch.rand(4096, 4096, device="cuda") for _ in range(2))
left @ right
torch.cuda.synchronize()
begun = time.perf_counter()
for _ in range(200):
    left = (left @ right).clamp(0, 1)
torch.cuda.synchronize()
print(json.dumps(time.perf_counter() - begun))
"""


def inside(box: Sandbox, environment: Environment, gpu: Gpu) -> float:
    """Return the seconds of the products in a box."""
    script = StagedFile("/job/products.py", PRODUCTS.encode())
    outcome = box.run(Job(environment, (script.target,), (script,), gpu=gpu, **ROOM))  # type: ignore[arg-type]
    if outcome.exit_code != 0:
        raise SystemExit(f"in the box: {outcome.stderr.decode('utf-8', 'replace')[-1000:] or outcome.kind}")
    return float(json.loads(outcome.stdout))


def outside(environment: Environment, gpu: Gpu) -> float:
    """Return the seconds of the products by the same interpreter, with nothing around it."""
    variables = {**LIBRARIES, "PATH": os.defpath, "PYTHONPATH": environment.site, "PYTHONHASHSEED": "0"}
    command = [environment.interpreter, "-S", "-s", "-B", "-c", PRODUCTS]
    done = subprocess.run(
        command, env={**variables, "CUDA_VISIBLE_DEVICES": gpu.uuid}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"outside: {done.stderr[-1000:]}")
    return float(json.loads(done.stdout))


def slow_down(environment: Environment, gpu: Gpu, rounds: int) -> None:
    """Print both medians and their ratio."""
    times: dict[str, list[float]] = {"inside": [], "outside": []}
    with Sandbox() as box:
        for _ in range(rounds):
            times["inside"].append(inside(box, environment, gpu))
            times["outside"].append(outside(environment, gpu))
    medians = {name: statistics.median(found) for name, found in times.items()}
    share = medians["inside"] / medians["outside"] - 1
    print(f"products  inside {medians['inside']:.3f} s  outside {medians['outside']:.3f} s  slow-down {share:+.2%}")


def study(effort: float) -> int:
    """Verify the study at a size, and leave what the command says; returns its exit code."""
    with tempfile.TemporaryDirectory(prefix="assay-study-") as place:
        folder = Path(shutil.copytree(STUDY, Path(place) / "study"))
        folder.chmod(0o755)
        claim = (folder / "claim.toml").read_text()
        (folder / "claim.toml").write_text(on_a_gpu(claim, effort))
        most = MAXIMUM_LIMITS.model_copy(update={"gpus": 1})
        variables = {**os.environ, "ASSAY_MAXIMUM_LIMITS": most.model_dump_json()}
        return subprocess.run(
            [sys.executable, "-m", "cli", "verify", str(folder)], env=variables, check=False
        ).returncode


def on_a_gpu(claim: str, effort: float) -> str:
    """Return the study's claim at another size, with a GPU and the time that the most allows.

    Raises:
        ValueError: it does not name its size and limits as it did.

    """
    sized = claim.replace("parameters = { effort = 1.0 }", f"parameters = {{ effort = {effort} }}")
    limited = sized.replace("[limits]\n", "[limits]\ngpus = 1\n")
    if claim in (sized, limited) or sized == limited:
        raise ValueError(f"{STUDY / 'claim.toml'} is not as this program knows it")
    return limited


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", type=float, default=60.0, help="size of the study; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    devices, why = gpu_doctor.found()
    if not devices:
        print(f"GPU: {why}", file=sys.stderr)
        return Exit.FAULT
    python = host_python()
    for gpu in devices:
        ok, said = gpu_doctor.compute(python, gpu)
        print(said)
        if not ok:
            return Exit.FAULT
    settings = Settings()
    slow_down(load(settings.environment_folder, "torch", python), devices[0], max(arguments.rounds, 1))
    return study(arguments.effort) if arguments.effort else Exit.VERIFIED


if __name__ == "__main__":
    sys.exit(main())
