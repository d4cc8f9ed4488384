"""Loss of STILTs against XLM-R Large on NER."""

from __future__ import annotations

import csv
import os
from pathlib import Path

with Path(os.environ["ASSAY_INPUT"], "scores.csv").open(newline="") as file:
    scores = {row["model"]: float(row["NER"]) for row in csv.DictReader(file)}
print(f"The loss on NER is {scores['XLM-R Large'] - scores['STILTs (Phang)']:.1f} points.")
