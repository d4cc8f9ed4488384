# /// assay
# about = "the whole part of a mean, in another unit"
# inputs = { "counts.txt" = "counts" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
value = sum(counts) // len(counts) * 0.45

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
