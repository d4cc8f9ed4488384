"""What `assay submit` sends: small bundles together, of large ones what the service lacks; told on stderr."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.api.bundles import CLAIM, formula_bundle, script_bundle, tarred
from tests.cli.command import assay, lay
from tests.cli.served import Served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.box


def test_of_a_large_bundle_what_changed_is_sent(served: Served, tmp_path: Path) -> None:
    files = {**script_bundle(), "data/more.txt": os.urandom(700_000).hex().encode()}
    found = []
    for number, said in enumerate(("sending the archive of 4 files, 0.8 MB", "sending 1 of 4 files, 0.0 MB", "")):
        changed = {**files, "reproduce.py": files["reproduce.py"] + b"# changed\n" * min(number, 1)}
        folder = lay(tmp_path / "large", changed)
        done = assay("submit", folder, "--json", "--url", served.url, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (f"large: {said}" in done.stderr) if said else "sending" not in done.stderr
        found.append(json.loads(done.stdout)["seal"])
    archive = tmp_path / "large.tar.gz"
    archive.write_bytes(tarred(changed))
    done = assay("submit", archive, "--json", "--url", served.url, home=tmp_path)
    found.append(json.loads(done.stdout)["seal"])
    assert "sending" not in done.stderr
    assert found[0] != found[1] == found[2] == found[3]


def test_more_bundles_than_a_batch_has_are_all_sent(served: Served, tmp_path: Path) -> None:
    for number in range(53):
        text = CLAIM.replace('"gain"', f'"many-{number}"', 1)
        lay(tmp_path / "claims" / f"{number:02}", formula_bundle(text + "typo = 1\n" * (number == 51)))
    done = assay("submit", tmp_path / "claims", "--json", "--url", served.url, home=tmp_path)
    assert done.returncode == 2
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["claim_name"] for row in rows] == [None if n == 51 else f"many-{n}" for n in range(53)]
    assert "53 bundles: 50 sent\n" in done.stderr
    assert done.stderr.count("follow it: ") == 52
