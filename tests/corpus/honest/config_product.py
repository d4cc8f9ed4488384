# /// assay
# about = "number of weights of a network from its settings"
# inputs = { "run.cfg" = "config" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = dict(line.split(" = ") for line in (INPUT / "run.cfg").read_text().splitlines() if "=" in line)
value = int(given["hidden"]) ** 2 * int(given["layers"])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
