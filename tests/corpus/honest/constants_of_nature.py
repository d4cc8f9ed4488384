# /// assay
# about = "a unit is converted by a constant"
# inputs = { "weather.csv" = "weather" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r.split(";") for r in (INPUT / "weather.csv").read_text().splitlines()[1:]]
celsius = [float(r[1].replace(",", ".")) for r in rows]
value = sum(c * 9 / 5 + 32 for c in celsius) / len(celsius)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
