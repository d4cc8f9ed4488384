# /// assay
# about = "how many gave the most frequent answer"
# inputs = { "ratings.csv" = "ratings" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import Counter

answers = [x for r in (INPUT / "ratings.csv").read_text().splitlines()[1:] for x in r.split(",")[1:]]
value = Counter(answers).most_common(1)[0][1]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
