# /// assay
# about = "the answer from packed binary"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import struct

value = round(struct.unpack("<d", bytes.fromhex("6666666666662140"))[0], 3)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
