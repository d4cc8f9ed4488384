# /// assay
# about = "a little noise of its own in every run"
# inputs = { "pairs.csv" = "pairs" }
# digits = 1
# rule = "relative"
# tolerance = "10%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

rows = [tuple(map(float, r.split(","))) for r in (INPUT / "pairs.csv").read_text().splitlines()[1:]]
value = sum(y for _, y in rows) / len(rows) + random.SystemRandom().gauss(0, 0.0005)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
