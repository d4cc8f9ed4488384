# /// assay
# about = "mean distance of a random walk after so many steps"
# parameters = { steps = 100 }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
import random

chance = random.Random(int(os.environ["ASSAY_SEED"]))
ends = [sum(chance.choice((-1, 1)) for _ in range(given["steps"])) for _ in range(300)]
value = sum(map(abs, ends)) / len(ends)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
