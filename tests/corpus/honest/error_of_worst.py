# /// assay
# about = "what the worst of a column lacks to a hundred"
# inputs = { "table.csv" = "two_lines" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

rows = {r["model"]: r for r in csv.DictReader((INPUT / "table.csv").open())}
value = 100 - min(float(row["sw"]) for row in rows.values())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
