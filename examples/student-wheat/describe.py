"""Mean and standard deviation (divisor n) of the differences between two columns."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from statistics import fmean, pstdev

with Path(os.environ["ASSAY_INPUT"], "corn.csv").open(newline="") as file:
    differences = [float(trial["soft"]) - float(trial["hard"]) for trial in csv.DictReader(file)]

result = {"mean": fmean(differences), "sd": pstdev(differences)}
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))
