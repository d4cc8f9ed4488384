# /// assay
# about = "pi by chance, from a parameter"
# parameters = { n = 20000 }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

n = json.loads((INPUT / "parameters.json").read_text())["n"]
chance = random.Random(int(os.environ["ASSAY_SEED"]))
value = 4 * sum(chance.random() ** 2 + chance.random() ** 2 < 1 for _ in range(n)) / n

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
