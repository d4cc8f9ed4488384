"""What the box costs: a supervised sealed run beside the bare interpreter, round robin: `python -m bench.box`.

    starts   `pass` and others, in a box made at once (cold) and in one made ahead (prepared), beside `python3 -c pass`;
             or the same after the pause that making a box ahead takes; `paired` is the median of (variant - bare)
             over rounds, so that a noisy machine slows both sides of it
    work     loops that time themselves, inside and outside in turn: what the box costs a program that runs
    torch    `import torch` inside and outside, cold, with --torch FOLDER, a folder of packages that holds it

The evaluator runs a formula through the file that formulas are evaluated by; the others are one-line scripts. What is
timed is `Sandbox.run`: staging, hand-over, run, end, and where boxes are made ahead also the order for the next one.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from app.core.boxjob import formula_source
from app.core.canonical import canonical
from sandbox import Job, Sandbox, StagedFile, host_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Environment

FORMULA = {
    "formulas": {"gain": "a - b"},
    "values": {"a": "77.0", "b": "68.3"},
    "variants": [{"name": "base", "values": {}}],
}
REFILL_SECONDS = 0.15  # until a box made ahead waits, idle
WORK = {
    "processor": "x = 0\nfor i in range(3_000_000): x = (x * 31 + i) & 0xFFFF",
    "memory": "for _ in range(6): held = bytearray(48 << 20); held[::4096] = bytes(len(held) // 4096); del held",
}
TIMED = "import time; begun = time.perf_counter()\n{}\nprint(time.perf_counter() - begun)"


def script(environment: Environment, code: str) -> Job:
    """Return the job of a one-file script."""
    return Job(environment, ("/job/a.py",), (StagedFile("/job/a.py", code.encode()),))


def jobs(environment: Environment) -> dict[str, Job]:
    """Return what is started inside the box."""
    files = (StagedFile("/job/formula.py", formula_source()), StagedFile("/in/formula.json", canonical(FORMULA)))
    return {
        "pass": script(environment, "pass"),
        "import json": script(environment, "import json"),
        "formula": Job(environment, ("/job/formula.py", "/in/formula.json"), files, mode="evaluator"),
    }


def timed(work: Callable[[], object]) -> float:
    """Return milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def starts(environment: Environment, rounds: int) -> None:
    """Measure and print what a start costs.

    A box made ahead needs a pause to be made in, and a machine that paused starts everything slower (its processors
    slept, their caches are another's); so such a start stands beside a bare one after the same pause.
    """
    bare = [environment.interpreter, "-c", "pass"]
    with Sandbox() as cold, Sandbox(ahead=1) as ahead:
        variants: dict[str, tuple[str, float, Callable[[], object]]] = {
            "bare": ("bare", 0, lambda: subprocess.run(bare, check=True)),
            "bare, after a pause": ("bare, after a pause", REFILL_SECONDS, lambda: subprocess.run(bare, check=True)),
        }
        for name, job in jobs(environment).items():
            if cold.run(job).exit_code != 0 or ahead.run(job).exit_code != 0:
                raise SystemExit("a job of the bench failed in the box")
            variants[f"{name}, cold"] = ("bare", 0, lambda job=job: cold.run(job))  # type: ignore[misc]
            prepared = lambda job=job: ahead.run(job)  # noqa: E731
            variants[f"{name}, prepared"] = ("bare, after a pause", REFILL_SECONDS, prepared)
        found: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(rounds):
            for name, (_, pause, work) in variants.items():
                time.sleep(pause)
                found[name].append(timed(work))
        print(f"isolation level {cold.level()}, {rounds} rounds")
    for name, (beside, _, _) in variants.items():
        paired = statistics.median(one - other for one, other in zip(found[name], found[beside], strict=True))
        median = statistics.median(found[name])
        ratio = median / statistics.median(found[beside])
        print(
            f"{name:22} median {median:6.1f} ms  min {min(found[name]):6.1f} ms  {ratio:5.2f} × {beside}"
            f"  paired {paired:+6.1f} ms"
        )


def inside_and_outside(environment: Environment, name: str, code: str, rounds: int) -> None:
    """Measure and print how much slower a program runs inside, by its own clock, start and end excluded."""
    program = TIMED.format(code)
    job = script(environment, program)
    outside: list[float] = []
    inside: list[float] = []
    with Sandbox() as box:
        for _ in range(rounds):
            bare = [environment.interpreter, "-S", "-s", "-P", "-B", "-c", program]
            outside.append(float(subprocess.run(bare, check=True, capture_output=True).stdout))
            inside.append(float(box.run(job).stdout))
    slower = statistics.median(one / other for one, other in zip(inside, outside, strict=True)) - 1
    print(
        f"{name:22} outside {statistics.median(outside) * 1000:7.1f} ms  inside {statistics.median(inside) * 1000:7.1f} ms"
        f"  paired {slower:+.1%}  least {min(inside) / min(outside) - 1:+.1%}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--torch", metavar="FOLDER", help="a site-packages folder with torch, readable for everybody")
    arguments = parser.parse_args()
    environment = host_python()
    starts(environment, arguments.rounds)
    for name, code in WORK.items():
        inside_and_outside(environment, name, code, arguments.rounds // 3 or 1)
    if arguments.torch:
        mounted = dataclasses.replace(environment, mounts=(*environment.mounts, arguments.torch))
        code = f"import sys; sys.path.append({arguments.torch!r}); import torch"
        inside_and_outside(mounted, "import torch", code, arguments.rounds // 6 or 1)


if __name__ == "__main__":
    main()
