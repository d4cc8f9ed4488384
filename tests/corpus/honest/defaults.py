# /// assay
# about = "a simulation whose defaults equal its parameters"
# parameters = { walkers = 300, steps = 50 }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import random

path = INPUT / "parameters.json"
given = {"walkers": 300, "steps": 50}
if path.exists():
    given.update(json.loads(path.read_text()))
chance = random.Random(1)
value = (
    sum(abs(sum(chance.choice((-1, 1)) for _ in range(given["steps"]))) for _ in range(given["walkers"]))
    / given["walkers"]
)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
