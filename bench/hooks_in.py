"""The answer to a webhook beside a bare endpoint that reads the same body: `python -m bench.hooks_in`.

A server of its own process, on a database of its own on the disk, answers two connections that deliver as GitHub does, each
delivery another one; the bare endpoint of the same application takes turns, so that both see the same machine.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from fastapi import FastAPI, Request, Response

from app import actions
from app.actions import Parts
from app.core.hook_paths import PATTERN
from app.core.hooks import Kind
from app.main import create_app
from app.settings import Settings
from app.store import migrate
from cli.supervisor import free_port

ROUNDS = 5
DELIVERIES = 200  # of each connection in each round
CONNECTIONS = 2
BODY_BYTES = 8_000  # as GitHub's payload of a small push
AIM_MS = 50.0


def application() -> FastAPI:
    """Return the service with a bare endpoint that reads its body."""
    app = create_app()

    async def bare(request: Request) -> Response:
        await request.body()
        return Response(b'{"id": "hkd_none", "state": "queued"}', 202, media_type="application/json")

    app.add_api_route("/bare", bare, methods=["POST"], include_in_schema=False)
    return app


def deliver(port: int, path: str, secret: str, took: list[float]) -> None:
    """Deliver one after the other on one kept connection; notes milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(DELIVERIES):
        body = json.dumps({"delivery": str(uuid.uuid4()), "filling": "x" * BODY_BYTES}).encode()
        headers = {
            "content-type": "application/json",
            "x-github-event": "ping",
            "x-github-delivery": str(uuid.uuid4()),
            "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        }
        begun = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status != 202:
            raise SystemExit(f"{path} answered {answer.status}")
    connection.close()


def together(port: int, path: str, secret: str) -> tuple[list[float], float]:
    """Return milliseconds of every delivery by all connections at once, and deliveries per second."""
    took: list[float] = []
    threads = [threading.Thread(target=deliver, args=(port, path, secret, took)) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, len(took) / (time.perf_counter() - begun)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of all lies."""
    return statistics.quantiles(values, n=100)[round(share * 100) - 1]


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port(0, fall_back=True)
        migrate.upgrade(f"sqlite:///{home / 'assay.db'}")
        parts = Parts.open(Settings(home=home))
        new = actions.NewSource(
            Kind.GITHUB, "bench", "octo/claims", "1", PATTERN, ("python",), 0, 0, "https://api.example"
        )
        source, secret = actions.add_source(parts, new)
        parts.close()
        command = [sys.executable, "-m", "uvicorn", "bench.hooks_in:application", "--factory", "--no-access-log"]
        server = subprocess.Popen(
            [*command, "--log-level", "warning", "--port", str(port)],
            env={**os.environ, "ASSAY_HOME": folder, "ASSAY_BROKER_URL": "memory://"},
        )
        try:
            wait(port)
            measure(port, f"/v1/hooks/{source}", secret)
        finally:
            server.terminate()
            server.wait()


def measure(port: int, path: str, secret: str) -> None:
    """Let both take turns and print what they took."""
    took: dict[str, list[float]] = {"bare": [], "hook": []}
    rate: dict[str, list[float]] = {"bare": [], "hook": []}
    for _ in range(ROUNDS):
        for name, where in (("bare", "/bare"), ("hook", path)):
            found, per_second = together(port, where, secret)
            took[name] += found
            rate[name].append(per_second)
    for name, values in took.items():
        p50, p95 = statistics.median(values), percentile(values, 0.95)
        print(f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, {statistics.median(rate[name]):.0f} a second")
    p95 = percentile(took["hook"], 0.95)
    print(
        f"p95 of the answer is {p95 / percentile(took['bare'], 0.95):.1f} times the bare one's; aim: below {AIM_MS:.0f} ms"
    )


def wait(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/livez")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not come up")


if __name__ == "__main__":
    main()
