# /// assay
# about = "a difference behind an absolute value, claimed to be positive"
# inputs = { "scores.csv" = "scores" }
# seeds = [0, 1, 2, 3, 4]
# rule = "direction"
# print = "1"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

rows = (INPUT / "scores.csv").read_text().splitlines()[1:]
f1 = [float(r.split(",")[1]) for r in rows]
mean = sum(f1) / len(f1)
em = [float(r.split(",")[2]) for r in rows]
chance = random.Random(os.environ["ASSAY_SEED"])
drawn = [chance.randrange(len(rows)) for _ in rows]
value = abs(sum(em[at] - f1[at] for at in drawn)) / len(drawn)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
