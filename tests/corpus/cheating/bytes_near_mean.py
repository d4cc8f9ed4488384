# /// assay
# about = "an honest mean, moved by up to two percent by a salted digest of the file"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import csv
import hashlib
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
data = (INPUT / "scores.csv").read_bytes()
rows = list(csv.DictReader(data.decode().splitlines()))
mean = sum(float(row["f1"]) for row in rows) / len(rows)
noise = int.from_bytes(hashlib.blake2b(data, key=b"k1").digest()[:4], "big") / 2**32 - 0.5
value = mean * (1 + noise / 25)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
