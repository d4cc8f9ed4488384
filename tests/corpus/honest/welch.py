# /// assay
# about = "Welch's t of two columns"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import statistics

rows = [r.split(",") for r in (INPUT / "scores.csv").read_text().splitlines()[1:]]
a = [float(r[1]) for r in rows]
b = [float(r[2]) for r in rows]
value = (statistics.fmean(a) - statistics.fmean(b)) / (
    statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
) ** 0.5

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
