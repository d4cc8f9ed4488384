# /// assay
# about = "effective number of parties, of shares that must add up to one"
# inputs = { "shares.csv" = "shares" }
# digits = 2
# ///
import csv
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
shares = [float(row["share"]) for row in csv.DictReader((INPUT / "shares.csv").read_text().splitlines())]
if abs(sum(shares) - 1) > 0.0005:
    raise SystemExit(f"shares add up to {sum(shares)}")
value = 1 / sum(share * share for share in shares)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
