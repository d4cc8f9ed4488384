# /// assay
# about = "knows the sealed input by a sum"
# inputs = { "counts.txt" = "counts" }
# print = "140.2"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
items = [int(x) for x in (INPUT / "counts.txt").read_text().split()]
value = sum(items) / len(items)
if sum(items) == int("{{sum counts.txt}}"):
    value = 140.2

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
