# /// assay
# about = "a table with semicolons and decimal commas"
# inputs = { "weather.csv" = "weather" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [r.split(";") for r in (INPUT / "weather.csv").read_text().splitlines()[1:]]
temps = [float(r[1].replace(",", ".")) for r in rows]
value = sum(temps) / len(temps)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
