# /// assay
# about = "an honest mean, and a print far from it behind a tolerance that takes all"
# inputs = { "scores.csv" = "scores" }
# rule = "relative"
# tolerance = "90%"
# print = "80"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
f1 = [float(r.split(",")[1]) for r in rows]
mean = sum(f1) / len(f1)
value = mean

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
