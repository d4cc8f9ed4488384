# /// assay
# about = "p value of a permutation test"
# inputs = { "survival.csv" = "survival" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

chance = random.Random(5)
rows = [r.split(",") for r in (INPUT / "survival.csv").read_text().splitlines()[1:]]
arms = [r[0] for r in rows]
months = [float(r[1]) for r in rows]


def gap(arms):
    a = [m for arm, m in zip(arms, months) if arm == "A"]
    b = [m for arm, m in zip(arms, months) if arm != "A"]
    return abs(sum(a) / len(a) - sum(b) / len(b))


seen = gap(arms)
more = 0
for _ in range(500):
    chance.shuffle(arms)
    more += gap(arms) >= seen
value = more / 500

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
