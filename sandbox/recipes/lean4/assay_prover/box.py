"""Where a proof's box begins: what is asked for, and which build of Lean the environment holds."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from .lean import SITE
from .native import native
from .prover import prove, replay, wasm

FACTS = "assay_prover/facts.json"


def main() -> int:
    """Do what the first argument says with the file that the second names; returns 0 when a report was written."""
    what, given = sys.argv[1:3]
    inputs = Path(given).parent
    wanted = json.loads(Path(given).read_text(encoding="utf-8"))
    facts = json.loads((SITE / FACTS).read_text(encoding="utf-8"))["proof"]
    folder = Path(os.environ["TMPDIR"]) / "lean"
    folder.mkdir()
    backend = (native if facts["backend"] == "lean4-native" else wasm)(facts)
    report = (prove if what == "prove" else replay)(wanted, inputs, folder, backend)
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(report), encoding="utf-8")
    return 0
