# /// assay
# about = "the median of the means of all pairs, in another unit"
# inputs = { "counts.txt" = "counts" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from statistics import median

counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
value = median((one + two) / 2 for at, one in enumerate(counts) for two in counts[at:]) / 60

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
