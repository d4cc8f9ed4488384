"""The mean of every row of a table, by the name in its first column."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from statistics import fmean

with Path(os.environ["ASSAY_INPUT"], "forty-cells.csv").open(newline="") as file:
    rows = list(csv.reader(file))[1:]
averages = {name: fmean(map(float, cells)) for name, *cells in rows}
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(averages))
