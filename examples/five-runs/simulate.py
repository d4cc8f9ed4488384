"""How often does mean ± multiplier · standard error cover the true mean of a normal population?"""

from __future__ import annotations

import json
import os
import random
from math import sqrt
from pathlib import Path

SAMPLES = 40_000

parameters = json.loads(Path(os.environ["ASSAY_INPUT"], "parameters.json").read_text())
size = parameters["observations"]
chance = random.Random(int(os.environ["ASSAY_SEED"]))  # noqa: S311 - a simulation, no secret

covered = {"normal": 0, "student": 0}
for _ in range(SAMPLES):
    sample = [chance.gauss(0, 1) for _ in range(size)]
    mean = sum(sample) / size  # the true mean is 0
    error = sqrt(sum((value - mean) ** 2 for value in sample) / (size - 1) / size)
    for name in covered:
        covered[name] += abs(mean) <= parameters[name] * error

result = {f"covered_{name}": 100 * count / SAMPLES for name, count in covered.items()}
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))
