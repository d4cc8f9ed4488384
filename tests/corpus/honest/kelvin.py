# /// assay
# about = "a large offset that is a constant, within half a percent"
# inputs = { "weather.csv" = "weather" }
# digits = 1
# rule = "absolute"
# tolerance = "0.5"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r.split(";") for r in (INPUT / "weather.csv").read_text().splitlines()[1:]]
value = 273.15 + sum(float(r[1].replace(",", ".")) for r in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
