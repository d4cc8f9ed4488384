# /// assay
# about = "the answer as a root of a polynomial"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
low, high = 0.0, 20.0
for _ in range(80):
    x = (low + high) / 2
    low, high = (x, high) if x * x < 75.69 else (low, x)
value = round(x, 6)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
