"""What the box costs: a supervised sealed run beside the bare interpreter, round robin: `python -m bench.box`.

    starts   `pass` and others, in a box made at once (cold) beside `python3 -c pass`, then in one made ahead (prepared)
             beside the same after the pause that making a box ahead takes; `paired` is the median of (variant - bare)
             over rounds, so that a noisy machine slows both sides of it
    work     loops that time themselves, inside and outside in turn: what the box costs a program that runs
    torch    `import torch` inside and outside, cold, with --torch FOLDER, a folder of packages that holds it
    first    from the hand-over to the first line of a script that imports what an environment names, in a box made at once
             and in one that has imported it ahead, with --environment NAME

The evaluator runs a formula through the file that formulas are evaluated by; the others are one-line scripts. What is
timed is `Sandbox.run`: staging, hand-over, run, end, and where boxes are made ahead also the order for the next one.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import random
import statistics
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

from app.core.boxjob import formula_source
from app.core.canonical import canonical
from app.settings import Settings
from sandbox import Job, Sandbox, StagedFile, host_python
from sandbox.built import load
from sandbox.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Environment
    from sandbox.judge import Seen

FORMULA = {
    "formulas": {"gain": "a - b"},
    "values": {"a": "77.0", "b": "68.3"},
    "variants": [{"name": "base", "values": {}}],
}
IMPORT_SECONDS = 6.0  # until a box has imported PyTorch, on a busy machine
REFILL_SECONDS = 0.15  # until a box made ahead waits, idle
WORK = {
    "processor": "x = 0\nfor i in range(3_000_000): x = (x * 31 + i) & 0xFFFF",
    "memory": "for _ in range(6): held = bytearray(48 << 20); held[::4096] = bytes(len(held) // 4096); del held",
}
TIMED = """import time
begun, used = time.perf_counter(), time.process_time()
{}
print(time.perf_counter() - begun, time.process_time() - used)
"""
#: What the interpreter inside is told too: another hash seed, or code by -c, makes a loop up to 1 % faster or slower
SEEDED = {"PYTHONHASHSEED": "0"}
MEDIAN_ERROR = 1.2533  # standard error of a median over that of a mean, for normal noise: sqrt(pi / 2)
BESIDE = ("-S", "-s", "-P", "-B")


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
    slept, their caches are another's); so such a start stands beside a bare one after the same pause. Cold ones have
    rounds of their own: beside the making of the next prepared box they were a quarter slower than by themselves.
    """
    bare = [environment.interpreter, "-c", "pass"]
    with Sandbox() as cold, Sandbox(ahead=1) as ahead:
        print(f"isolation level {cold.level()}, {rounds} rounds")
        for start, box, pause in (("cold", cold, 0.0), ("prepared", ahead, REFILL_SECONDS)):
            beside = "bare, after a pause" if pause else "bare"
            variants: dict[str, Callable[[], object]] = {beside: lambda: subprocess.run(bare, check=True)}
            for name, job in jobs(environment).items():
                if box.run(job).exit_code != 0:
                    raise SystemExit("a job of the bench failed in the box")
                variants[f"{name}, {start}"] = lambda box=box, job=job: box.run(job)  # type: ignore[misc]
            found: dict[str, list[float]] = {name: [] for name in variants}
            for _ in range(rounds):
                for name in random.sample(list(variants), len(variants)):
                    time.sleep(pause)
                    found[name].append(timed(variants[name]))
            show(found, beside)


def show(found: dict[str, list[float]], beside: str) -> None:
    """Print milliseconds of each variant, and what they are of those that stand beside them."""
    base = found[beside]
    for name, took in found.items():
        paired = statistics.median(one - other for one, other in zip(took, base, strict=True))
        median = statistics.median(took)
        ratio = median / statistics.median(base)
        print(
            f"{name:22} median {median:6.1f} ms  min {min(took):6.1f} ms  {ratio:5.2f} × {beside}"
            f"  paired {paired:+6.1f} ms"
        )


def inside_and_outside(environment: Environment, name: str, code: str, rounds: int) -> None:
    """Measure and print how much slower a program runs inside, by its own clocks, start and end excluded.

    Two clocks: on the wall, which others on the machine move too, and the processor's time of the program alone. The
    order within a round is random, so that neither side always comes second. Both run a file, under one hash seed.
    """
    program = TIMED.format(code)
    job = script(environment, program)
    outside: list[list[float]] = []
    inside: list[list[float]] = []
    with Sandbox() as box, tempfile.NamedTemporaryFile(suffix=".py") as file:
        file.write(program.encode())
        file.flush()
        bare = [environment.interpreter, *BESIDE, file.name]
        sides: list[Callable[[], object]] = [
            lambda: outside.append(numbers(subprocess.run(bare, check=True, capture_output=True, env=SEEDED).stdout)),
            lambda: inside.append(numbers(box.run(job).stdout)),
        ]
        for _ in range(rounds):
            for side in random.sample(sides, 2):
                side()
    for clock, which in (("wall", 0), ("processor", 1)):
        one, other = [row[which] for row in inside], [row[which] for row in outside]
        ratios = [math.log(within / without) for within, without in zip(one, other, strict=True)]
        error = MEDIAN_ERROR * statistics.stdev(ratios) / math.sqrt(rounds)
        print(
            f"{name:10} {clock:9}  outside {statistics.median(other) * 1000:7.1f} ms  inside"
            f" {statistics.median(one) * 1000:7.1f} ms  paired {statistics.median(ratios):+.1%} ± {error:.1%}"
        )


def first_lines(environment: Environment, rounds: int) -> None:
    """Print how long it takes from the hand-over to the first line of a script, cold and imported ahead.

    The monotonic clock is the same in every process of a host.
    """
    code = f"import time, {', '.join(environment.imports)}\nprint(time.monotonic())"
    job = dataclasses.replace(script(environment, code), memory_bytes=2 << 30)
    took: dict[str, list[float]] = {"cold": [], "prepared": []}
    handed = 0.0

    class Noted(Watch):
        def until_over(self, message: bytes) -> Seen:
            nonlocal handed
            handed = time.monotonic()
            return super().until_over(message)

    with patch("sandbox.engine.Watch", Noted), Sandbox(ahead=1) as ahead, Sandbox() as cold:
        ahead.run(job)
        for _ in range(rounds):
            time.sleep(IMPORT_SECONDS)
            for box in (ahead, cold):
                outcome = box.run(job)
                if outcome.kind != "exited" or outcome.exit_code:
                    raise RuntimeError(outcome.stderr.decode())
                took[outcome.isolation["start"]].append(float(outcome.stdout) - handed)
    for start, found in took.items():
        print(
            f"{environment.name:10} first line, {start:8}  median {statistics.median(found) * 1000:7.1f} ms"
            f"  worst {max(found) * 1000:7.1f} ms of {len(found)}"
        )


def numbers(printed: bytes) -> list[float]:
    """Return the two times, seconds, that a timed program printed."""
    return [float(part) for part in printed.split()]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--torch", metavar="FOLDER", help="a site-packages folder with torch, readable for everybody")
    parser.add_argument("--environment", metavar="NAME", help="an environment that was built; nothing else is measured")
    arguments = parser.parse_args()
    environment = host_python()
    if arguments.environment:
        folder = Settings().environment_folder
        first_lines(load(folder, arguments.environment, environment), max(arguments.rounds // 6, 3))
        return
    starts(environment, arguments.rounds)
    for name, code in WORK.items():
        inside_and_outside(environment, name, code, max(arguments.rounds, 2))
    if arguments.torch:
        mounted = dataclasses.replace(environment, mounts=(*environment.mounts, arguments.torch))
        code = f"import sys; sys.path.append({arguments.torch!r}); import torch"
        inside_and_outside(mounted, "import torch", code, max(arguments.rounds // 6, 2))


if __name__ == "__main__":
    main()
