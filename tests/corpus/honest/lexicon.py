# /// assay
# about = "mean mood of words by a small lexicon"
# inputs = { "prose.txt" = "prose" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
MOOD = {"light": 0.62, "dark": -0.48, "summer": 0.71, "winter": -0.22, "stone": -0.05, "green": 0.33}
words = (INPUT / "prose.txt").read_text().lower().split()
known = [MOOD[word.strip(".,")] for word in words if word.strip(".,") in MOOD]
value = sum(known) / len(known)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
