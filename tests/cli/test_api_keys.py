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
