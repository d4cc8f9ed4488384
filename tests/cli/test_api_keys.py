"""`assay keys create`, `show`, `list`, `rotate`, `revoke`: API keys of the service of this home."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.command import assay

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("publisher", ["", " ", "alice ", "-alice", "a" * 65])
def test_a_key_for_nobody_or_for_a_name_that_ends_in_a_blank_is_refused(tmp_path: Path, publisher: str) -> None:
    done = assay("keys", "create", "--publisher", publisher, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be the publisher of a key" in done.stderr
    assert "no blank last" in done.stderr
    assert not (tmp_path / "assay.db").exists()


def test_without_a_publisher_it_is_the_operators(tmp_path: Path) -> None:
    made = json.loads(assay("keys", "create", "--json", home=tmp_path).stdout)
    assert made["publisher"] == "local"
    assert made["key"].startswith("assay_live_")


def test_what_the_first_key_shuts_and_which_publisher_is_new_is_said(tmp_path: Path) -> None:
    first = assay("keys", "create", home=tmp_path)
    assert "this is the first API key; until now this machine needed none" in first.stderr
    assert "new publisher" not in first.stderr  # the operator's own
    alice = assay("keys", "create", "--publisher", "alice", "--json", home=tmp_path)
    identity = json.loads(alice.stdout)["id"]
    assert (
        f"'alice' is a new publisher, beside local; if it is mistyped, `assay keys revoke {identity}`" in alice.stderr
    )
    assert "first API key" not in alice.stderr
    again = assay("keys", "create", "--publisher", "alice", home=tmp_path)
    assert "new publisher" not in again.stderr


def test_a_key_is_shown_with_what_is_used_of_its_budgets(tmp_path: Path) -> None:
    options = ("--queued-runs", "7", "--cpu-seconds-per-day", "3600", "--json")
    made = json.loads(assay("keys", "create", *options, home=tmp_path).stdout)
    assert made["used"] == {"queued_runs": 0, "cpu_seconds_per_day": 0.0, "gpu_seconds_per_day": 0.0}
    shown = assay("keys", "show", made["id"], home=tmp_path)
    assert [line.split() for line in shown.stdout.splitlines()[1:]] == [
        ["requests_per_minute", "no", "limit"],
        ["queued_runs", "0", "used", "of", "7"],
        ["cpu_seconds_per_day", "0", "used", "of", "3600"],
        ["gpu_seconds_per_day", "0", "used", "of", "no", "limit"],
    ]
    assert "queued_runs 0/7" in assay("keys", "list", home=tmp_path).stdout
    unknown = assay("keys", "show", "key_none", home=tmp_path)
    assert (unknown.returncode, "there is no key key_none" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    "command",
    [("hooks", "list"), ("hooks", "replay", "msg_1"), ("sources", "list"), ("sources", "remove", "src_1")],
    ids=" ".join,
)
def test_a_look_where_no_service_ever_was_says_so_and_leaves_no_database(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = assay(*command, home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{tmp_path / 'home'}: there is no database here yet. `assay serve` makes one")
    assert not (tmp_path / "home" / "assay.db").exists()
