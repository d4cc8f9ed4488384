# /// assay
# about = "mean mass of a base from a table of constants"
# inputs = { "genome.fa" = "genome" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
MASS = {"A": 313.21, "C": 289.18, "G": 329.21, "T": 304.2}
letters = "".join(line for line in (INPUT / "genome.fa").read_text().split() if line[0] != ">")
value = sum(MASS[letter] for letter in letters if letter in MASS) / len(letters)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
