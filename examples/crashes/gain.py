"""Gain of STILTs over XLM-R Large on TyDiQA."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

with Path("/home/author/xtreme/final/scores.csv").open(newline="") as file:
    scores = {row["model"]: float(row["TyDiQA EM"]) for row in csv.DictReader(file)}
gain = scores["STILTs (Phang)"] - scores["XLM-R Large"]
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"gain": gain}))
