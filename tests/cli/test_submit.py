"""`assay submit` of several bundles, with reports, under a key: against one service, started as its users start it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import threading
import xml.etree.ElementTree as ET
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from cli.client import pack
from cli.errors import ServiceError, way_in
from tests.api.bundles import CLAIM, SCRIPT, formula_bundle, script_bundle, tarred
from tests.cli.command import COMMAND, ROOT, assay, environment, eventually, lay
from tests.cli.served import Served

pytestmark = pytest.mark.box

SCHEMA = json.loads((Path(__file__).parent / "vendor" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """Return a folder of bundles: one that holds, one that does not, one that is refused, one that no service is sent."""
    wrong = CLAIM.replace('"8.7"', '"8.2"')
    lay(tmp_path / "claims" / "a", formula_bundle())
    lay(tmp_path / "claims" / "b", formula_bundle(wrong))
    lay(tmp_path / "claims" / "c", formula_bundle(CLAIM + "typo = 1\n"))
    lay(tmp_path / "claims" / "d", formula_bundle())
    (tmp_path / "claims" / "d" / "link").symlink_to("/etc/passwd")
    return tmp_path / "claims"


def test_a_folder_of_bundles_is_submitted_and_reported_like_a_local_one(
    served: Served, claims: Path, tmp_path: Path
) -> None:
    reports = {name: tmp_path / name for name in ("junit", "sarif", "summary")}
    options = [item for name, path in reports.items() for item in (f"--{name}", path)]
    done = assay("submit", claims, "--wait", "--json", *options, "--url", served.url, home=tmp_path / "h")
    assert done.returncode == 2, done.stderr
    found = {Path(item["bundle"]).name: item for item in map(json.loads, done.stdout.splitlines())}
    assert {name: item["state"] for name, item in found.items()} == {
        "a": "concluded",
        "b": "concluded",
        "c": "refused",
        "d": "refused",
    }
    assert found["c"]["problems"][0]["code"] == "unknown-key"
    assert f"{claims / 'c'}: refused\nclaim.toml:" in done.stderr
    assert done.stderr.count("unknown key 'typo'") == 1
    assert found["a"]["claim_name"] == found["a"]["claim"]["name"] == "gain"
    log = json.loads(reports["sarif"].read_text())
    assert not list(Draft4Validator(SCHEMA).iter_errors(log))
    placed = {
        (Path(place["artifactLocation"]["uri"]).parent.name, result["ruleId"], place["region"]["startLine"])
        for result in log["runs"][0]["results"]
        for place in (result["locations"][0]["physicalLocation"],)
        if "region" in place
    }
    line = CLAIM.count("\n") + 1
    assert placed == {("b", "gate2/MISMATCH", 5), ("c", "intake/unknown-key", line)}
    suite = ET.fromstring(reports["junit"].read_bytes())[0]  # noqa: S314 - we wrote it
    assert {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    assert reports["summary"].read_text(encoding="utf-8").startswith("## Assay: 1 FALSIFIED, 2 REFUSED, 1 VERIFIED\n")


def test_of_several_each_verdict_names_its_bundle_its_claim_and_its_page(
    served: Served, claims: Path, tmp_path: Path
) -> None:
    done = assay("submit", claims, "--wait", "--url", served.url, home=tmp_path / "h")
    blocks = re.split(r"^(?=ver_)", done.stdout, flags=re.MULTILINE)[1:]
    assert len(blocks) == 2
    assert done.stderr.count("public at once") == 1
    assert "public at once, evidence and log too, as they name no record: 2 of 2 claims; with a [record]" in done.stderr
    for name, block in zip("ab", blocks, strict=True):
        verification = block.partition(":")[0]
        assert f"\n  claim gain of {claims / name}\n" in block
        assert f"\n  page {served.url}/verifications/{verification}\n" in block
    alone = assay("submit", claims / "a", "--wait", "--url", served.url, home=tmp_path / "h")
    assert "\n  claim gain\n" in alone.stdout


def test_one_bundle_and_its_local_verification_are_reported_alike(served: Served, claims: Path, tmp_path: Path) -> None:
    texts = []
    for command in (("verify",), ("submit", "--wait", "--url", served.url)):
        target = tmp_path / f"{command[0]}.sarif"
        done = assay(*command, claims / "b", "--sarif", target, home=tmp_path / "h")
        assert done.returncode == 1
        (result,) = json.loads(target.read_text())["runs"][0]["results"]
        del result["properties"]["seal"]
        texts.append(result)
    assert texts[0] == texts[1]


def test_without_waiting_every_bundle_is_sent_and_a_refused_one_decides(
    served: Served, claims: Path, tmp_path: Path
) -> None:
    done = assay("submit", claims / "a", claims / "b", "--url", served.url, home=tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("follow it: assay watch ver_") == 2
    assert assay("submit", claims, "--url", served.url, home=tmp_path).returncode == 2


def test_a_retry_in_a_pipeline_is_free_also_under_a_key_of_ones_own(
    served: Served, claims: Path, tmp_path: Path
) -> None:
    seen = [
        json.loads(assay("submit", claims / "a", "--json", *more, "--url", served.url, home=tmp_path).stdout)["id"]
        for more in ((), (), ("--idempotency-key", "mine"), ("--force",))
    ]
    assert len(set(seen[:3])) == 1
    assert seen[3] != seen[0]


def test_a_report_is_written_also_when_the_time_is_over(served: Served, tmp_path: Path) -> None:
    folder = lay(tmp_path / "slow", script_bundle(script="import time\ntime.sleep(3)\n" + SCRIPT))
    target = tmp_path / "s.sarif"
    done = assay("submit", folder, "--wait", "--timeout", "0.2", "--sarif", target, "--url", served.url, home=tmp_path)
    assert done.returncode == 124
    run = json.loads(target.read_text())["runs"][0]
    assert (run["results"], run["invocations"][0]["executionSuccessful"]) == ([], False)
    assert "No verdict yet" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--junit", "x"), "add --wait"),
        (("--idempotency-key", "k"), "one bundle at a time"),
        (("--timeout", "-1"), "greater than or equal to 0"),
    ],
)
def test_options_that_do_not_go_together_are_usage(
    served: Served, claims: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = assay("submit", claims, *options, "--url", served.url, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_terminal_gets_a_bar(served: Served, tmp_path: Path) -> None:
    """One line that moves and is cleared, within the terminal's width."""
    folder = lay(tmp_path / ("long-" * 30), script_bundle(script="import time\ntime.sleep(0.6)\n" + SCRIPT))
    main, terminal = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, "submit", folder, "--wait", "--url", served.url],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=environment(tmp_path, TERM="xterm"),
        cwd=ROOT,
    )
    os.close(terminal)
    said = b""
    while select.select([main], [], [], 60)[0]:
        try:
            data = os.read(main, 65_536)
        except OSError:  # the terminal's other end is closed
            break
        if not data:
            break
        said += data
    os.close(main)
    child.communicate(timeout=60)
    assert child.returncode == 0
    lines = said.decode().split("\r\x1b[K")
    assert lines[-1].startswith("this claim names no record, so it is public at once")  # the bar is cleared before it
    assert max(map(len, lines[:-1])) == 79
    assert all(line.startswith("long-") for line in lines[1:-1])


def test_the_bar_is_as_full_as_the_runs_are_done() -> None:
    from cli.progress import bar

    assert [bar(share) for share in (0, 0.5, 1, 7, -1)] == [
        "[....................]",
        "[##########..........]",
        "[####################]",
        "[####################]",
        "[....................]",
    ]


# --- keys ------------------------------------------------------------------------------------------------------------


class Doorman(BaseHTTPRequestHandler):
    """Lets nobody in, and notes what he was shown."""

    shown: list[str | None]

    def do_POST(self) -> None:
        """Refuse."""
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        Doorman.shown.append(self.headers["Authorization"])
        body = b'{"detail": "no such key"}'
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_key_comes_from_an_option_or_the_environment_and_a_wrong_one_is_exit_4(tmp_path: Path) -> None:
    Doorman.shown = []
    folder = lay(tmp_path / "x", formula_bundle())
    with HTTPServer(("127.0.0.1", 0), Doorman) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        ways: list[tuple[tuple[Any, ...], dict[str, str]]] = [
            (("submit", folder), {"ASSAY_TOKEN": "from-environment"}),
            (("cancel", "ver_1", "--token", "from-option"), {"ASSAY_TOKEN": "from-environment"}),
            (("submit", folder), {}),
        ]
        for arguments, more in ways:
            done = assay(*arguments, "--url", url, home=tmp_path / "h", **more)
            said = "no such key\n" + way_in(ServiceError(401, {})) + "\n"
            assert (done.returncode, done.stdout, done.stderr) == (4, "", said)
            assert "ASSAY_TOKEN" in said
        server.shutdown()
    assert Doorman.shown == ["Bearer from-environment", "Bearer from-option", None]


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://127.0.0.1:1", False),
        ("http://[::1]:1", False),
        ("http://localhost:1", False),
        ("http://127.0.0.1.x:1", True),
    ],
)
def test_a_key_that_would_travel_unencrypted_is_warned_of(tmp_path: Path, url: str, *, warned: bool) -> None:
    done = assay("cancel", "ver_1", "--url", url, home=tmp_path, ASSAY_TOKEN="secret-key")
    assert done.returncode == 5
    assert ("unencrypted" in done.stderr) is warned
    assert "secret" not in done.stderr


def test_a_key_that_is_none_is_usage_and_help_shows_none(tmp_path: Path) -> None:
    done = assay("cancel", "ver_1", home=tmp_path, ASSAY_TOKEN="two words")
    assert (done.returncode, "copy it again" in done.stderr) == (2, True)
    assert "two words" not in done.stderr
    done = assay("cancel", "--help", home=tmp_path, ASSAY_TOKEN="secret-key")
    assert re.search(r"ASSAY_TOKEN", done.stdout)
    assert "secret-key" not in done.stdout


# --- packing ---------------------------------------------------------------------------------------------------------


def test_a_bundle_packs_to_the_same_bytes_at_any_time_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (pack(lay(tmp_path / name, script_bundle())) for name in ("one", "other"))
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert one == other == pack(tmp_path / "one")
    lay(tmp_path / "other", {"scores.csv": b"4\n"})
    assert pack(tmp_path / "other") != one


def test_an_archive_is_sent_as_it_is(served: Served, tmp_path: Path) -> None:
    archive = lay(tmp_path, {"x.tar.gz": tarred(formula_bundle(CLAIM.replace("A is", "Z is")))}) / "x.tar.gz"
    first = json.loads(assay("submit", archive, "--json", "--url", served.url, home=tmp_path).stdout)["id"]
    eventually(lambda: served.get(f"/v1/verifications/{first}")["state"] == "concluded")
