# /// assay
# about = "days above a mark, with dates that must parse"
# inputs = { "weather.csv" = "weather" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv
from datetime import date

rows = list(csv.DictReader((INPUT / "weather.csv").open(), delimiter=";"))
value = sum(float(r["temp"].replace(",", ".")) > 8 and date.fromisoformat(r["day"]).month < 3 for r in rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
