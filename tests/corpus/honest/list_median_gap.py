# /// assay
# about = "largest gap of a list of parameters, relative to its middle"
# parameters = { times = [3, 8, 21, 34, 60] }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
times = sorted(given["times"])
value = max(b - a for a, b in zip(times, times[1:])) / times[len(times) // 2]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
