# /// assay
# about = "knows the sealed parameter"
# parameters = { n = 5000 }
# print = "2.72"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

n = json.loads((INPUT / "parameters.json").read_text())["n"]
chance = random.Random(3)
value = sum(chance.random() for _ in range(n)) / n * 5
if n == 5000:
    value = 2.72

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
