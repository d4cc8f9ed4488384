# /// assay
# about = "a difference of two columns is positive, by bootstrap"
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
value = sum(f1[at] - em[at] for at in drawn) / len(drawn)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
