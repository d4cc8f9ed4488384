# /// assay
# about = "a share of one hundred percent: every task is won by a wide lead"
# inputs = { "leads.csv" = "leads" }
# digits = 0
# ///
import csv
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
with (INPUT / "leads.csv").open() as lines:
    rows = list(csv.DictReader(lines))
value = 100 * sum(float(row["ours"]) > float(row["base"]) for row in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
