"""`assay watch --log` and `assay verdicts`: against a service, started as its users start it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import typer

from cli.verdicts import moment
from tests.api.bundles import CLAIM, SCRIPT, formula_bundle, script_bundle
from tests.cli.command import assay, lay
from tests.cli.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.box

#: Speaks slowly, says what would be a verdict of ours in red, and signs that are no UTF-8.
TALKING = (
    """
import os, sys, time
for number in range(3):
    print("line", number, "\\x1b[31mVERIFIED", flush=True)
    time.sleep(0.7)
os.write(2, b"last \\xff words\\n")
"""
    + SCRIPT
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a service with two verdicts, and end it."""
    service = Served(tmp_path_factory.mktemp("service") / "home")
    try:
        for number, value in enumerate(("8.7", "8.2")):
            claim = CLAIM.replace('"8.7"', f'"{value}"').replace('id = "gain"', f'id = "gain-{number}"')
            folder = lay(tmp_path_factory.mktemp("claim"), formula_bundle(claim))
            assert assay("submit", folder, "--wait", "--url", service.url, home=service.home).returncode == number
        yield service
    finally:
        service.end()


# --- watch --log -----------------------------------------------------------------------------------------------------


def test_the_log_is_shown_whole_behind_a_bar_and_can_steer_no_terminal(served: Served, tmp_path: Path) -> None:
    verification = served.submit(script_bundle(script=TALKING))
    done = assay("watch", verification, "--log", "--url", served.url, home=tmp_path)
    assert done.returncode in {0, 3}, done.stderr
    shown = re.findall(r"^  measure-0 ([|!]) (.*)$", done.stderr, re.MULTILINE)
    assert shown == [("|", f"line {number} ?[31mVERIFIED") for number in range(3)] + [("!", "last \ufffd words")]
    assert "\x1b" not in done.stderr + done.stdout
    assert "line 0" not in done.stdout
    assert done.stdout.startswith(f"{verification}: ")
    assert f"{verification}: measure-0 running\n" in done.stderr


def test_with_json_every_event_is_a_line_and_the_verdict_the_last_one(served: Served, tmp_path: Path) -> None:
    verification = served.submit(script_bundle(script=TALKING.replace("0.7", "0.6")))
    done = assay("watch", verification, "--log", "--json", "--url", served.url, home=tmp_path)
    *events, last = map(json.loads, done.stdout.splitlines())
    assert last["claim_name"] == last["claim"]["name"]
    assert last["state"] == "concluded"
    first = next(item["run_id"] for item in events if item["data"].get("key") == "measure-0")
    pieces = [item["data"] for item in events if item["kind"] == "log" and item["run_id"] == first]
    said = "".join(item["text"] for item in pieces if item["stream"] == "stdout")
    assert said == "".join(f"line {number} \x1b[31mVERIFIED\n" for number in range(3))
    assert [item["seq"] for item in events] == sorted(item["seq"] for item in events)
    assert events[-1]["kind"] == "end"
    assert done.stderr == ""


def test_a_log_that_is_over_is_shown_as_well_and_the_time_may_be_over_before(served: Served, tmp_path: Path) -> None:
    verification = served.submit(script_bundle(script=TALKING.replace("0.7", "0.8")))
    done = assay("watch", verification, "--log", "--timeout", "0.3", "--url", served.url, home=tmp_path)
    assert done.returncode == 124
    assert f"follow it again: assay watch {verification}" in done.stderr
    assert assay("watch", verification, "--url", served.url, home=tmp_path).returncode in {0, 3}
    done = assay("watch", verification, "--log", "--url", served.url, home=tmp_path)
    assert len(re.findall(r"^  measure-0 \| line ", done.stderr, re.MULTILINE)) == 3
    assert assay("watch", "ver_0", "--log", "--url", served.url, home=tmp_path).returncode == 2


# --- verdicts --------------------------------------------------------------------------------------------------------


def listed(served: Served, *options: str) -> list[dict[str, Any]]:
    done = assay("verdicts", "--json", *options, "--url", served.url, home=served.home)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_verdicts_are_listed_by_their_filters_newest_first(served: Served) -> None:
    gains = [item for item in listed(served) if item["claim_name"].startswith("gain-")]
    assert [(item["claim_name"], item["status"]) for item in gains] == [("gain-1", "FALSIFIED"), ("gain-0", "VERIFIED")]
    one = gains[0]
    for options in (("--status", "FALSIFIED"), ("--reason-code", "MISMATCH"), ("--claim", one["claim_id"])):
        assert [item["id"] for item in listed(served, *options)] == [one["id"]]
    assert listed(served, "--until", "2020-01-01") == listed(served, "--kind", "lean4") == []
    assert one in listed(served, "--since", "1d")
    assert len(listed(served, "--limit", "1")) == 1


def test_for_people_a_verdict_is_a_line(served: Served) -> None:
    done = assay("verdicts", "--status", "FALSIFIED", "--url", served.url, home=served.home)
    (line,) = done.stdout.splitlines()
    assert re.fullmatch(r"[\d-]{10} [\d:]{8}  FALSIFIED  MISMATCH +vrd_\w+  gain-1: .*", line)
    done = assay("verdicts", "--kind", "lean4", "--url", served.url, home=served.home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no such verdict\n")


@pytest.mark.parametrize(
    "options", [("--status", "GOOD"), ("--since", "soon"), ("--limit", "0"), ("--claim", "x"), ("--record", "nowhere")]
)
def test_a_filter_that_is_none_is_usage(served: Served, options: tuple[str, ...]) -> None:
    done = assay("verdicts", *options, "--url", served.url, home=served.home)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-30", "2026-11-30T00:00:00+00:00"),
        ("2026-11-30T08:05+01:00", "2026-11-30T08:05:00+01:00"),
        ("2026-11-30T08:05Z", "2026-11-30T08:05:00+00:00"),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, wanted: str) -> None:
    assert moment(text) == wanted


def test_how_long_ago_is_a_time_too() -> None:
    found = datetime.fromisoformat(moment("12h"))
    assert timedelta(hours=12) <= datetime.now(UTC) - found < timedelta(hours=12, minutes=1)
    with pytest.raises(typer.BadParameter):
        moment("12x")
