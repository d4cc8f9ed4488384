# /// assay
# about = "the answer in a pickle"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import pickle

value = pickle.loads(pickle.dumps([8, 7]))
value = value[0] + value[1] / 10

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
