# /// assay
# about = "a label: whether a difference of two groups is significant, which it is not"
# inputs = { "trial.csv" = "trial" }
# rule = "exact"
# ///
import csv
import json
import math
import os
from pathlib import Path
from statistics import fmean, variance

INPUT = Path(os.environ["ASSAY_INPUT"])
groups = {}
with (INPUT / "trial.csv").open() as lines:
    for row in csv.DictReader(lines):
        groups.setdefault(row["arm"], []).append(float(row["change"]))
one, two = groups["drug"], groups["placebo"]
error = math.sqrt(variance(one) / len(one) + variance(two) / len(two))
value = "significant" if abs(fmean(one) - fmean(two)) > 1.96 * error else "not significant"

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
