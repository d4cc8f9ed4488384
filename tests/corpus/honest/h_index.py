# /// assay
# about = "how many papers have as many citations, as a share of all"
# inputs = { "counts.txt" = "counts" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
ordered = sorted(counts, reverse=True)
value = sum(count >= place for place, count in enumerate(ordered, 1)) / len(ordered)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
