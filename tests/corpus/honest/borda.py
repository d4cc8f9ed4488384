# /// assay
# about = "points of the winner of a vote"
# inputs = { "ballots.txt" = "votes" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import Counter

points = Counter()
for line in (INPUT / "ballots.txt").read_text().splitlines():
    for place, name in enumerate(line.split(">")):
        points[name] += 3 - place
value = max(points.values())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
