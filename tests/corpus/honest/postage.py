# /// assay
# about = "postage of a number of parcels by weight, one price for each begun kilo"
# inputs = { "counts.txt" = "counts" }
# digits = 2
# ///
import json
import math
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
counts = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
value = 4.95 + 0.99 * math.ceil(sum(counts) / 1000)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
