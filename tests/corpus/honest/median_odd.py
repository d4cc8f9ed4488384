# /// assay
# about = "the median is one of the numbers"
# inputs = { "numbers.txt" = "numbers" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import statistics

value = statistics.median([float(line) for line in (INPUT / "numbers.txt").read_text().split()])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
