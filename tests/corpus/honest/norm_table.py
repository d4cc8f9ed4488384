# /// assay
# about = "a figure from a table of norms, by the whole part of a mean"
# inputs = { "counts.txt" = "counts" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
NORMS = {raw: round(50 + 10 * (raw - 118.6) / 31.7, 1) for raw in range(400)}
value = NORMS[int(sum(counts) / len(counts))]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
