# /// assay
# about = "a label: whether a mean is within limits"
# inputs = { "scores.csv" = "scores" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
f1 = [float(r.split(",")[1]) for r in rows]
mean = sum(f1) / len(f1)
value = "within" if 54 < mean < 60 else "outside"

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
