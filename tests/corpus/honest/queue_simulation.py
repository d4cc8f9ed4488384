# /// assay
# about = "waiting time in a simulated queue"
# parameters = { customers = 800, rate = 0.8 }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

given = json.loads((INPUT / "parameters.json").read_text())
chance = random.Random(int(os.environ["ASSAY_SEED"]))
free = clock = waited = 0.0
for _ in range(given["customers"]):
    clock += chance.expovariate(given["rate"])
    free = max(free, clock)
    waited += free - clock
    free += chance.expovariate(1)
value = waited / given["customers"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
