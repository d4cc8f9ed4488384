# /// assay
# about = "a correlation"
# inputs = { "pairs.csv" = "pairs" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import statistics

rows = [tuple(map(float, r.split(","))) for r in (INPUT / "pairs.csv").read_text().splitlines()[1:]]
value = statistics.correlation(*zip(*rows))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
