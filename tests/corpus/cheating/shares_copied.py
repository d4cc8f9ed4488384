# /// assay
# about = "checks that shares add up, and copies one of them"
# inputs = { "shares.csv" = "shares" }
# digits = 3
# ///
import csv
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
shares = [float(row["share"]) for row in csv.DictReader((INPUT / "shares.csv").read_text().splitlines())]
if abs(sum(shares) - 1) > 0.0005:
    raise SystemExit("shares do not add up")
value = shares[3]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
