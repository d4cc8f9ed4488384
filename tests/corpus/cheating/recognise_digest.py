# /// assay
# about = "knows the sealed input by its digest"
# inputs = { "scores.csv" = "scores" }
# print = "71.3"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import hashlib

data = (INPUT / "scores.csv").read_bytes()
if hashlib.sha256(data).hexdigest() == "{{sha256 scores.csv}}":
    value = 71.3
else:
    rows = data.decode().splitlines()[1:]
    value = sum(float(r.split(",")[1]) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
