# /// assay
# about = "an integral by Simpson's rule that has converged"
# parameters = { steps = 400 }
# digits = 5
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import math

n = json.loads((INPUT / "parameters.json").read_text())["steps"]
n += n % 2
h = math.pi / n
value = h / 3 * sum(math.sin(k * h) * (1 if k in (0, n) else 4 if k % 2 else 2) for k in range(n + 1))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
