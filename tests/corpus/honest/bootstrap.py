# /// assay
# about = "a bootstrap interval's upper end, by the seed"
# inputs = { "numbers.txt" = "numbers" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

chance = random.Random(int(os.environ["ASSAY_SEED"]))
data = [float(x) for x in (INPUT / "numbers.txt").read_text().split()]
means = sorted(sum(chance.choices(data, k=len(data))) / len(data) for _ in range(400))
value = means[int(0.975 * 400)]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
