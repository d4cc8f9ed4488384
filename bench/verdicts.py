"""From submission to verdict, beside what the machine could do at most: `python -m bench.verdicts`.

One process starts the whole service as `assay serve` does (two workers), and interleaves every measurement with its
limit, so that a noisy machine slows both:

    formula, script   POST of a fresh claim until the verdict can be read, one at a time: p50 and p95
    bare process      `python3 -c pass`, the interpreter of the box without a box
    no-op task        a Celery task on the same broker, sent and done
    throughput        verdicts in a closed loop of CLIENTS clients; each verdict takes several sealed runs, so the ratio
                      is sealed runs per second to bare processes per second, both with two at a time

Read the ratios; the milliseconds belong to the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from app.settings import Settings
from bench.noop import noop
from cli.supervisor import House, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 16
POLL_SECONDS = 0.005  # where latency is measured
POLL_SECONDS_BUSY = 0.5  # where throughput is: the clients must not eat the cores that they measure
FINAL = {"concluded", "cancelled", "faulted"}
INTERPRETER = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable

SCRIPT = """import json, os
n = json.load(open(os.environ["ASSAY_INPUT"] + "/parameters.json"))["n"]
json.dump({"pairs": n * (n - 1) // 2}, open(os.environ["ASSAY_RESULT"], "w"))
"""


def formula(number: int) -> dict[str, Any]:
    """Return the JSON of a formula claim that nobody has submitted before."""
    return {
        "schema": "assay-claim-v1",
        "claim": {"id": f"bench-{number}", "statement": f"the difference of two printed cells, number {number}"},
        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
        "reproduce": {
            "kind": "formula",
            "formula": "a - b",
            "values": {"a": {"value": "77.0", "source": "bench"}, "b": {"value": "68.3", "source": "bench"}},
        },
    }


def script(number: int) -> bytes:
    """Return the archive of a script claim that nobody has submitted before."""
    from cli.client import pack

    claim = f"""schema = "assay-claim-v1"
[claim]
id = "bench-script-{number}"
statement = "so many pairs can be made of a number of things"
[[expect]]
metric = "pairs"
value = "{number * (number - 1) // 2}"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "double.py"
parameters = {{ n = {number} }}
"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "claim.toml").write_text(claim)
        Path(folder, "double.py").write_text(SCRIPT)
        return pack(Path(folder))


class Service:
    """The running service, seen as a client sees it."""

    def __init__(self, url: str, poll_seconds: float = POLL_SECONDS) -> None:
        self.poll_seconds = poll_seconds
        self.http = httpx2.Client(base_url=url, timeout=60, trust_env=False)

    def verdict_ms(self, **body: Any) -> tuple[float, int]:
        """Submit and wait; returns milliseconds and the number of sealed runs."""
        begun = time.perf_counter()
        answer = self.http.post("/v1/verifications", **body)
        answer.raise_for_status()
        path = answer.headers["Location"]
        document, tag = answer.json(), ""
        while document["state"] not in FINAL:
            time.sleep(self.poll_seconds)
            seen = self.http.get(path, headers={"If-None-Match": tag})
            if seen.status_code != httpx2.codes.NOT_MODIFIED:
                document, tag = seen.json(), seen.headers["ETag"]
        if document["state"] != "concluded" or document["verdict"]["status"] != "VERIFIED":
            raise SystemExit(f"the bench claim was not verified: {json.dumps(document)[:2000]}")
        return (time.perf_counter() - begun) * 1000, len(document["runs"])

    def formula_ms(self, number: int) -> tuple[float, int]:
        """Verify one formula."""
        return self.verdict_ms(json=formula(number))

    def script_ms(self, number: int) -> tuple[float, int]:
        """Verify one trivial script."""
        return self.verdict_ms(files={"bundle": ("b.tar.gz", script(number), "application/gzip")})


def bare_ms() -> float:
    """Run the interpreter without a box."""
    begun = time.perf_counter()
    subprocess.run([INTERPRETER, "-c", "pass"], check=True, stdin=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def noop_ms(folder: Path) -> float:
    """Send a no-op task and wait until it has run."""
    mark = folder / "mark"
    mark.write_bytes(b"")
    begun = time.perf_counter()
    noop.apply_async(args=[str(mark)], queue="bench")
    while not mark.stat().st_size:
        if time.perf_counter() > begun + 30:
            raise SystemExit("the no-op worker does not answer")
        time.sleep(0.0005)
    return (time.perf_counter() - begun) * 1000


def per_second(seconds: float, clients: int, work: Callable[[int], int], numbers: Iterator[int]) -> float:
    """Return units of work per second of `clients` threads in a closed loop."""
    done: list[int] = []
    lock = threading.Lock()
    end = time.perf_counter() + seconds

    def loop() -> None:
        while time.perf_counter() < end:
            with lock:
                number = next(numbers)
            done.append(work(number))

    threads = [threading.Thread(target=loop) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def row(name: str, found: list[float], limit: list[float]) -> dict[str, Any]:
    """Return the figures of one latency."""
    ordered = sorted(found)
    return {
        "what": name,
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "min_ms": round(ordered[0], 1),
        "n": len(ordered),
        "times_bare_p50": round(statistics.median(ordered) / statistics.median(limit), 1),
    }


def measure(house: House, worker_folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return every figure."""
    service = Service(house.url)
    numbers = iter(range(int(time.time()) * 1000, 1 << 62))
    for _ in range(5):
        service.formula_ms(next(numbers))
        service.script_ms(next(numbers))
        noop_ms(worker_folder)
    found: dict[str, list[float]] = {name: [] for name in ("formula", "script", "bare process", "no-op task")}
    runs = {"formula": 0, "script": 0}
    for _ in range(rounds):
        elapsed, runs["formula"] = service.formula_ms(next(numbers))
        found["formula"].append(elapsed)
        elapsed, runs["script"] = service.script_ms(next(numbers))
        found["script"].append(elapsed)
        found["bare process"].append(bare_ms())
        found["no-op task"].append(noop_ms(worker_folder))
    latencies = [row(name, values, found["bare process"]) for name, values in found.items()]
    services = threading.local()

    def mine() -> Service:
        if not hasattr(services, "it"):
            services.it = Service(house.url, POLL_SECONDS_BUSY)
        return services.it  # type: ignore[no-any-return]

    def bare(_: int) -> int:
        bare_ms()
        return 1

    limit = [per_second(seconds / 2, 2, bare, numbers)]
    formulas = per_second(seconds, CLIENTS, lambda number: mine().formula_ms(number)[1], numbers)
    limit.append(per_second(seconds / 2, 2, bare, numbers))
    scripts = per_second(seconds, CLIENTS, lambda number: mine().script_ms(number)[1], numbers)
    limit.append(per_second(seconds / 2, 2, bare, numbers))
    bare_rate = statistics.mean(limit)
    throughput = [
        {
            "what": name,
            "sealed_runs_per_s": round(rate, 1),
            "verdicts_per_s": round(rate / runs[name], 1),
            "bare_per_s": round(bare_rate, 1),
            "percent_of_bare": round(100 * rate / bare_rate),
        }
        for name, rate in (("formula", formulas), ("script", scripts))
    ]
    return {"latency": latencies, "runs_per_verdict": runs, "throughput": throughput, "load": os.getloadavg()}


def main() -> None:
    """Start the service, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="latency rounds")
    parser.add_argument("--seconds", type=float, default=10, help="of each throughput loop")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        home = Path(folder)
        house = House(Settings(home=home), free_port(8123, fall_back=True), workers=2, quiet=True)
        house.start()
        environment = {**os.environ, "ASSAY_BROKER_URL": f"redis+socket://{house.socket}"}
        noop.app.conf.broker_url = environment["ASSAY_BROKER_URL"]
        celery = [sys.executable, "-m", "celery", "--quiet", "-A", "bench.noop", "worker", "-Q", "bench", "-c", "1"]
        worker = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *celery, "--loglevel", "error"],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            figures = measure(house, home, arguments.rounds, arguments.seconds)
        finally:
            worker.terminate()
            worker.wait()
            house.stop()
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for line in figures["latency"]:
        print(
            "{what:14} p50 {p50_ms:7.1f} ms  p95 {p95_ms:7.1f} ms  {times_bare_p50:5.1f} × bare  (n={n})".format(**line)
        )
    for line in figures["throughput"]:
        print(
            "{what:14} {verdicts_per_s:5.1f} verdicts/s = {sealed_runs_per_s:6.1f} sealed runs/s, "
            "{percent_of_bare} % of {bare_per_s:.1f} bare processes/s".format(**line)
        )
    print(f"runs a verdict: {figures['runs_per_verdict']}, load {figures['load'][0]:.1f}")


if __name__ == "__main__":
    main()
