# /// assay
# about = "a mean of whole numbers in steps of a fifth, as an instrument shows it"
# inputs = { "counts.txt" = "counts" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
value = round(5 * sum(counts) / len(counts)) / 5

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
