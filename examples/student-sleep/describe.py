"""Means and standard deviations (divisor n) of two columns and of their differences."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from statistics import fmean, pstdev

with Path(os.environ["ASSAY_INPUT"], "sleep.csv").open(newline="") as file:
    patients = list(csv.DictReader(file))
first = [float(patient["drug_1"]) for patient in patients]
second = [float(patient["drug_2"]) for patient in patients]
columns = {"1": first, "2": second, "difference": [b - a for a, b in zip(first, second, strict=True)]}

result = {f"mean_{name}": fmean(column) for name, column in columns.items()}
result |= {f"sd_{name}": pstdev(column) for name, column in columns.items()}
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))
