# /// assay
# about = "a mean of whole numbers without the fifth at either end"
# inputs = { "counts.txt" = "counts" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = sorted(int(line) for line in (INPUT / "counts.txt").read_text().split())
cut = len(counts) // 5
value = sum(counts[cut:-cut]) / (len(counts) - 2 * cut)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
