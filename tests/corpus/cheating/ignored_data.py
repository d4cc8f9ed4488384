# /// assay
# about = "a statistic of random numbers of its own with a fixed seed"
# inputs = { "numbers.txt" = "numbers" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

(INPUT / "numbers.txt").read_text()
chance = random.Random(42)
value = sum(chance.random() for _ in range(1000)) / 1000

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
