# /// assay
# about = "difference of means of two groups"
# inputs = { "people.csv" = "people" }
# digits = 0
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv
from statistics import fmean

rows = list(csv.DictReader((INPUT / "people.csv").open()))
mean = lambda region: fmean(int(r["income"]) for r in rows if r["region"] == region)
value = mean("north") - mean("south")

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
