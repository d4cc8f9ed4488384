"""`assay serve` and the commands that speak to it: one service for all of these tests, started as its users start it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.api.bundles import CLAIM, SCRIPT, SCRIPT_CLAIM, formula_bundle, script_bundle, tarred
from tests.cli.command import COMMAND, ROOT, assay, descendants, environment, eventually, lay, names, no_survivors
from tests.cli.served import Served, free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.box

SLEEPING = script_bundle(SCRIPT_CLAIM + '[limits]\nwall = "300s"\n', "import time\ntime.sleep(7)\n")
#: Recovery within seconds instead of a minute.
IMPATIENT = {"ASSAY_LEASE_SECONDS": "8", "ASSAY_HEARTBEAT_SECONDS": "1", "ASSAY_SWEEP_SECONDS": "1"}


# --- submit and watch ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "status"), [("8.7", 0, "VERIFIED"), ("8.2", 1, "FALSIFIED"), ("eight", 2, None)]
)
def test_submit_and_wait_exits_with_the_verdict(
    served: Served, tmp_path: Path, value: str, code: int, status: str | None
) -> None:
    folder = lay(tmp_path / "x", formula_bundle(CLAIM.replace('"8.7"', f'"{value}"')))
    done = assay("submit", folder, "--wait", "--json", "--url", served.url, home=tmp_path)
    assert done.returncode == code, done.stderr
    if status is None:
        assert done.stdout == ""
        assert "claim.toml:7: value: " in done.stderr
        return
    document = json.loads(done.stdout)
    assert document["verdict"]["status"] == status
    assert "concluded" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_submit_says_where_a_closed_claim_is_found(served: Served, tmp_path: Path) -> None:
    claim = CLAIM.replace("[claim]", '[record]\nid = "closed"\n[claim]')
    done = assay("submit", lay(tmp_path / "x", formula_bundle(claim)), "--wait", "--url", served.url, home=tmp_path)
    assert done.returncode == 0
    where = done.stderr.partition("to its publisher alone: ")[2].strip()
    assert where.startswith(f"{served.url}/v1/verdicts/vrd_")
    assert httpx2.get(where, trust_env=False).json()["status"] == "VERIFIED"
    assert httpx2.put(f"{served.url}/v1/records/closed", json={"claims_visibility": "open"}, trust_env=False).is_success
    again = assay("submit", tmp_path / "x", "--wait", "--url", served.url, home=tmp_path)
    assert "closed" not in again.stderr


def test_submit_says_that_a_claim_without_a_record_is_public_and_how_to_take_it_back(
    served: Served, tmp_path: Path
) -> None:
    done = assay("submit", lay(tmp_path / "x", formula_bundle()), "--url", served.url, home=tmp_path)
    assert "this claim names no record, so it is public at once, evidence and log too" in done.stderr
    assert "[record]" in done.stderr
    words = shlex.split(done.stderr.partition("to take it back: ")[2].splitlines()[0])
    headers = dict(word.split(": ") for word in words if ": " in word and not word.startswith(("{", "Auth")))
    assert httpx2.patch(words[3], content=words[words.index("-d") + 1], headers=headers, trust_env=False).is_success
    assert httpx2.get(words[3], trust_env=False).json()["closed"] is True


def test_submit_answers_at_once_and_watch_sees_the_end(served: Served, tmp_path: Path) -> None:
    folder = lay(tmp_path / "x", script_bundle(script="raise SystemExit(3)"))
    done = assay("submit", folder, "--url", served.url, home=tmp_path)
    assert done.returncode == 0
    verification = done.stdout.partition(":")[0]
    assert verification.startswith("ver_")
    assert done.stderr.splitlines()[-1] + "\n" == f"follow it: assay watch {verification} --url {served.url}\n"
    watched = assay("watch", verification, "--url", served.url, home=tmp_path)
    assert watched.returncode == 3
    assert watched.stdout.startswith(f"{verification}: UNVERIFIED ")
    verdict = served.get(f"/v1/verifications/{verification}")["verdict"]["id"]
    evidence = f"{served.url}/v1/verdicts/{verdict}/evidence"
    assert watched.stdout.endswith(f"  verdict {verdict}; its evidence: {evidence}\n")
    assert httpx2.get(evidence, trust_env=False).status_code == 200


def test_watch_writes_a_line_of_json_for_every_change(served: Served, tmp_path: Path) -> None:
    """What did not change is not told again, however often it is asked for."""
    verification = served.submit(script_bundle(script="import time\ntime.sleep(1.5)\n"))
    done = assay("watch", verification, "--json", "--url", served.url, home=tmp_path)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert all(document["id"] == verification for document in documents)
    assert [document["state"] for document in documents].count("concluded") == 1
    assert documents[-1]["state"] == "concluded"
    assert all(one != other for one, other in pairwise(documents))


def test_submitting_again_costs_nothing_and_force_verifies_anew(served: Served, tmp_path: Path) -> None:
    files = formula_bundle(CLAIM.replace("A is", "B is"))
    archive = lay(tmp_path, {"x.tar.gz": tarred(files)}) / "x.tar.gz"
    first = served.submit(files)
    again, forced = (
        json.loads(assay("submit", archive, "--json", *more, "--url", served.url, home=tmp_path).stdout)["id"]
        for more in ((), ("--force",))
    )
    assert first == again != forced


def test_waiting_ends_with_124_and_says_how_to_go_on(served: Served, tmp_path: Path) -> None:
    folder = lay(tmp_path / "x", {**SLEEPING, "notes.txt": b"124"})
    done = assay("submit", folder, "--wait", "--timeout", "0.3", "--url", served.url, home=tmp_path)
    assert (done.returncode, done.stdout) == (124, "")
    assert "the verification goes on" in done.stderr
    line = next(line for line in done.stderr.splitlines() if line.startswith("cancel it: "))
    told = line.removeprefix("cancel it: assay ").split()
    ended = assay(*told, home=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"{told[1]}: ")
    eventually(lambda: served.get(f"/v1/verifications/{told[1]}")["state"] == "cancelled", 30)
    again = assay("cancel", told[1], "--json", "--url", served.url, home=tmp_path)
    assert (again.returncode, json.loads(again.stdout)["state"]) == (0, "cancelled")


def test_ctrl_c_leaves_the_verification_and_says_how_to_end_it(served: Served, tmp_path: Path) -> None:
    verification = served.submit({**SLEEPING, "notes.txt": b"130"})
    child = subprocess.Popen(
        [*COMMAND, "watch", verification, "--url", served.url],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
        cwd=ROOT,
    )
    with child:
        assert child.stderr is not None
        assert verification in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        rest = child.stderr.read()
    assert child.returncode == 130
    assert f"cancel it: assay cancel {verification} --url {served.url}\n" in rest
    assert served.get(f"/v1/verifications/{verification}")["state"] in {"queued", "running"}
    httpx2.post(f"{served.url}/v1/verifications/{verification}/cancel", trust_env=False)


def test_a_cancelled_verification_has_no_verdict_and_exits_with_5(served: Served, tmp_path: Path) -> None:
    verification = served.submit({**SLEEPING, "notes.txt": b"5"})
    httpx2.post(f"{served.url}/v1/verifications/{verification}/cancel", trust_env=False)
    done = assay("watch", verification, "--url", served.url, home=tmp_path)
    assert done.returncode == 5
    assert "cancelled CANCELLED" in done.stdout


@pytest.mark.parametrize("command", ["watch", "cancel"])
def test_an_unknown_verification_is_exit_2(served: Served, tmp_path: Path, command: str) -> None:
    done = assay(command, "ver_none", "--url", served.url, home=tmp_path)
    assert done.returncode == 2
    assert f": there is no such verification at {served.url}. Copy its id" in done.stderr


def test_the_address_may_come_from_the_environment(served: Served, tmp_path: Path) -> None:
    assert assay("watch", "ver_none", home=tmp_path, ASSAY_URL=served.url).returncode == 2


def test_evidence_of_the_service_holds_offline(served: Served, tmp_path: Path) -> None:
    path = f"/v1/verifications/{served.submit(formula_bundle(CLAIM.replace('A is', 'C is')))}"
    evidence = eventually(lambda: served.get(path)["urls"]["evidence"])
    data = httpx2.get(served.url + evidence, trust_env=False).content
    assert assay("evidence", "verify", lay(tmp_path, {"e": data}) / "e", home=tmp_path).returncode == 3


class Stranger(BaseHTTPRequestHandler):
    """Some other web server."""

    def do_GET(self) -> None:
        """Answer with a page."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>It works!</html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_another_web_server_is_told_apart_from_a_service(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = assay("watch", "ver_0", "--url", url, home=tmp_path)
    assert (done.returncode, done.stderr) == (5, f"what answers at {url} is no Assay service\n")


# --- serve -----------------------------------------------------------------------------------------------------------


def test_serve_leaves_out_what_its_parts_say_of_themselves(served: Served) -> None:
    said = served.said()
    assert f"assay serves at {served.url}" in said
    for noise in ("celery@", "[queues]", "superuser", "overcommit", "WARNING"):
        assert noise not in said


def test_a_source_is_told_where_the_service_of_its_home_is(served: Served) -> None:
    done = assay("sources", "add", "generic", "--json", home=served.home)
    assert json.loads(done.stdout)["url"].startswith(f"{served.url}/v1/hooks/src_"), done.stderr


def test_a_second_service_in_the_same_home_is_refused(served: Served) -> None:
    done = assay("serve", "--port", str(free_port()), home=served.home)
    assert done.returncode == 5
    assert f"a service already runs in {served.home}" in done.stderr
    assert served.get("/livez") == {"status": "ok"}


def test_a_port_that_is_taken_is_said(served: Served, tmp_path: Path) -> None:
    port = served.url.rpartition(":")[2]
    done = assay("serve", "--port", port, home=tmp_path / "other")
    assert done.returncode == 5
    assert done.stderr == f"port {port} is taken; choose another with --port\n"


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = assay("serve", "--port", str(free_port()), home=tmp_path / "file" / "home")
    assert (done.returncode, done.stderr) == (5, f"{tmp_path / 'file' / 'home'}: Not a directory\n")


def test_the_service_listens_on_this_machine_only(served: Served) -> None:
    port = f":{int(served.url.rpartition(':')[2]):04X}"
    with open("/proc/net/tcp") as table:  # noqa: PTH123 - a /proc file
        listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(port)] == [f"0100007F{port}"]


def test_a_killed_child_is_started_again_and_work_goes_on(served: Served) -> None:
    api = next(pid for pid in descendants(served.process.pid) if "uvicorn" in _command_line(pid))
    os.kill(api, signal.SIGKILL)
    verification = eventually(lambda: _tried(served, {**formula_bundle(), "notes.txt": b"after"}))
    assert eventually(lambda: served.get(f"/v1/verifications/{verification}")["verdict"])["status"] == "VERIFIED"
    assert served.process.poll() is None


def _tried(served: Served, files: dict[str, bytes]) -> str | None:
    try:
        return served.submit(files)
    except httpx2.TransportError:
        return None


def _command_line(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - a /proc file
            return file.read().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def test_an_open_stream_does_not_hold_a_service_that_stops(tmp_path: Path) -> None:
    """Its server loses patience by itself, which it says, before the house ends it by force."""
    service = Served(tmp_path / "home")
    try:
        with httpx2.stream(
            "GET", f"{service.url}/v1/events", headers={"Accept": "text/event-stream"}, timeout=60, trust_env=False
        ) as answer:
            assert answer.status_code == 200
            assert (tmp_path / "home" / "broker.sock").is_socket()  # as commands of this host look for it
            code, _ = service.end()
    finally:
        service.process.kill()
    assert code == 0
    logs = "".join(path.read_text() for path in (tmp_path / "home").rglob("*.log"))
    assert "timeout graceful shutdown exceeded" in logs + service.said()
    assert not (tmp_path / "home" / "broker.sock").is_symlink()


def test_a_killed_service_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL of the parent: broker, worker, its pool and beat, API, launchers and boxes end within seconds."""
    service = Served(tmp_path / "home")
    service.running(service.submit(SLEEPING))
    known = eventually(
        lambda: len(found := descendants(service.process.pid)) >= 8 and "bwrap" in names(found.values()) and found
    )
    with no_survivors(known):
        service.end(signal.SIGKILL)


@pytest.mark.slow
def test_an_orderly_end_interrupts_a_run_which_is_done_again_after_a_restart(tmp_path: Path) -> None:
    """The script sleeps beyond the worker's patience, until a fixed moment, so that the second attempt is quick."""
    service = Served(tmp_path / "home", **IMPATIENT)
    waiting = f"import time\ntime.sleep(max(0, {time.time() + 14} - time.time()))\n"
    verification = service.submit(script_bundle(script=waiting + SCRIPT))
    service.running(verification)
    known = descendants(service.process.pid)
    with no_survivors(known, 1):
        code, seconds = service.end()
    assert code == 0
    assert seconds < 15
    assert "Traceback" not in service.said()
    again = Served(tmp_path / "home", **IMPATIENT)
    try:
        document = eventually(lambda: (found := again.get(f"/v1/verifications/{verification}"))["verdict"] and found)
        assert document["verdict"]["status"] == "VERIFIED"
        assert [run["attempts"] for run in document["runs"] if run["key"] == "measure-0"] == [2]
    finally:
        again.end()
