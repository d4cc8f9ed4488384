"""What many short runs leave behind: `python -m bench.leaks`. Prints what a worker holds before and after.

Runs are of every ending, at several concurrencies, each thread with a sandbox of its own; "before" is counted when every
sandbox has run once, so that what is held for many runs (slot, launcher, cgroup, folder) is in both columns.
"""

from __future__ import annotations

import argparse
import gc
import os
import threading
import time
from pathlib import Path

from sandbox import Job, Sandbox, StagedFile, cgroup, host_python, tree
from sandbox.cgroup_folders import PREFIX

SCRIPTS = {
    "pass": {},
    "import os, time; os.fork(); os.setsid(); time.sleep(60)": {"wall_ms": 300},
    "import os; os.kill(os.getppid(), 9)": {},
    "while True: print('x' * 1000)": {"stdout_cap": 4096},
    "open('/tmp/output/a', 'wb').write(bytes(1 << 20))": {},
    "held = bytearray(b'x') * (200 << 20)": {"memory_bytes": 48 << 20, "scratch_bytes": 1 << 20},
}

REST_SECONDS = 0.3  # until every launcher has forked the child that waits for the next run


def counts() -> dict[str, int]:
    """Return what this process and its launchers hold now."""
    time.sleep(REST_SECONDS)
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    below = tree.descendants(os.getpid())
    folders = [path for path in (cgroup.ROOT, *cgroup.ROOT.rglob("*")) if path.name.startswith(PREFIX)]
    return {
        "processes below": len(below),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "descriptors of launchers": sum(_descriptors(pid) for pid in below),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "cgroups": len([path for path in folders if path.name.endswith(f"-{os.getpid()}")]),
        "memory KiB": int(status["VmRSS"].split()[0]),
    }


def _descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def many_runs(concurrency: int, runs: int) -> tuple[dict[str, int], dict[str, int], float]:
    """Execute runs and return the counts before and after, and the seconds that it took."""
    environment = host_python()
    jobs = [
        Job(environment, ("/job/a.py",), (StagedFile("/job/a.py", script.encode()),), **limits)  # type: ignore[arg-type]
        for script, limits in SCRIPTS.items()
    ]
    gate = threading.Barrier(concurrency + 1)
    left = iter(range(runs))
    lock = threading.Lock()

    def work() -> None:
        with Sandbox() as box:
            for job in jobs:
                box.run(job)
            gate.wait()  # everybody has run everything once
            gate.wait()  # counted
            while True:
                with lock:
                    number = next(left, None)
                if number is None:
                    break
                box.run(jobs[number % len(jobs)])
            gate.wait()
            gate.wait()

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    gate.wait()
    before = counts()
    begun = time.monotonic()
    gate.wait()
    gate.wait()
    seconds = time.monotonic() - begun
    after = counts()
    gate.wait()
    for thread in threads:
        thread.join()
    return before, after, seconds


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[2, 16])
    arguments = parser.parse_args()
    at_first = counts()
    for concurrency in arguments.concurrency:
        before, after, seconds = many_runs(concurrency, arguments.runs)
        print(f"{arguments.runs} runs at concurrency {concurrency} in {seconds:.0f} s")
        for name in before:
            print(f"  {name:26} {before[name]:8} -> {after[name]:8}")
    at_last = counts()
    print("all sandboxes closed")
    for name in at_first:
        print(f"  {name:26} {at_first[name]:8} -> {at_last[name]:8}")


if __name__ == "__main__":
    main()
