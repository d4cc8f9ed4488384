# /// assay
# about = "the answer packed"
# inputs = { "scores.csv" = "scores" }
# print = "61.48"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import zlib

value = float(zlib.decompress(bytes.fromhex("789c3333d433b1000003010102")))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
