"""Approves the statements of a folder of proofs, and verifies all of them by one command, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[2]


def verify_all(folders: Iterable[Path], challenge: str, own: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return bundle -> what `assay verify --json` says about it; every different challenge is approved once before.

    Args:
        folders: the bundles.
        challenge: the file of each that states what is to be proved.
        own: variables of the environment for the command.

    """
    bundles = list(folders)
    for bundle in {(bundle / challenge).read_bytes(): bundle for bundle in bundles}.values():
        said = _assay(own, "approve", str(bundle), "--local")
        assert said.returncode == 0, said.stderr
    done = _assay(own, "verify", "--json", *map(str, bundles))
    assert done.stdout, done.stderr
    return {Path(item["bundle"]).name: item for item in map(json.loads, done.stdout.splitlines())}


def _assay(own: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False)
