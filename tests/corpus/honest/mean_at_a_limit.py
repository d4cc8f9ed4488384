# /// assay
# about = "a mean that is capped, at a limit that stands in another input"
# inputs = { "counts.txt" = "counts", "limits.json" = "limits" }
# digits = 4
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
limits = json.loads((INPUT / "limits.json").read_text())
value = min(sum(counts) / len(counts), limits["most"]) / 60

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
