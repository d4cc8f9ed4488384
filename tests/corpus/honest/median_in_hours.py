# /// assay
# about = "a median of whole numbers in another unit, which a few of them hardly ever move"
# inputs = { "counts.txt" = "counts" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from statistics import median

value = median(int(line) for line in (INPUT / "counts.txt").read_text().split()) / 60

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
