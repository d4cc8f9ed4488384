"""What the box costs: a supervised sealed run beside the bare interpreter, round robin: `python -m bench.box`.

`paired` is the median of (variant - bare) over rounds, so that a noisy machine slows both sides of a difference. The
evaluator runs a formula through the file that formulas are evaluated by; the others are one-line scripts.
"""

from __future__ import annotations

import argparse
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


def jobs(environment: Environment) -> dict[str, Job]:
    """Return what is measured inside the box."""

    def script(code: str) -> Job:
        return Job(environment, ("/job/a.py",), (StagedFile("/job/a.py", code.encode()),))

    files = (
        StagedFile("/job/formula.py", formula_source()),
        StagedFile("/in/formula.json", canonical(FORMULA)),
    )
    return {
        "pass": script("pass"),
        "import json": script("import json"),
        "formula": Job(environment, ("/job/formula.py", "/in/formula.json"), files, mode="evaluator"),
    }


def timed(work: Callable[[], object]) -> float:
    """Return milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    environment = host_python()
    with Sandbox() as box:
        inside = jobs(environment)
        for job in inside.values():
            if box.run(job).exit_code != 0:
                raise SystemExit("a job of the bench failed in the box")
        found: dict[str, list[float]] = {"bare": [], **{name: [] for name in inside}}
        for _ in range(rounds):
            bare = [environment.interpreter, "-c", "pass"]
            found["bare"].append(timed(lambda bare=bare: subprocess.run(bare, check=True)))  # type: ignore[misc]
            for name, job in inside.items():
                found[name].append(timed(lambda job=job: box.run(job)))  # type: ignore[misc]
        level = box.level()
    base = statistics.median(found["bare"])
    print(f"isolation level {level}, {rounds} rounds")
    for name, values in found.items():
        paired = statistics.median(one - other for one, other in zip(values, found["bare"], strict=True))
        median = statistics.median(values)
        print(
            f"{name:12} median {median:6.1f} ms  min {min(values):6.1f} ms  {median / base:5.2f} × bare"
            f"  paired {paired:+6.1f} ms"
        )


if __name__ == "__main__":
    main()
