# /// assay
# about = "what one cell lacks to a hundred"
# inputs = { "table.csv" = "two_lines" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

rows = {r["model"]: r for r in csv.DictReader((INPUT / "table.csv").open())}
value = 100.0
for row in rows.values():
    value -= float(row["sw"]) if row["model"] == "xl" else 0

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
