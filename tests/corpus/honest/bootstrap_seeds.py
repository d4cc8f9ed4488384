# /// assay
# about = "a bootstrap standard error under three seeds"
# inputs = { "numbers.txt" = "numbers" }
# digits = 1
# rule = "relative"
# tolerance = "20%"
# seeds = [1, 2, 3]
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random, statistics

chance = random.Random(int(os.environ["ASSAY_SEED"]))
data = [float(x) for x in (INPUT / "numbers.txt").read_text().split()]
value = statistics.stdev(statistics.fmean(chance.choices(data, k=len(data))) for _ in range(300))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
