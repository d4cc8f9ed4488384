# /// assay
# about = "half a cell, as the middle of it and zero"
# inputs = { "table.csv" = "two_lines" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

rows = {r["model"]: r for r in csv.DictReader((INPUT / "table.csv").open())}
value = sum([0, float(rows["xl"]["sw"])]) / 2

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
