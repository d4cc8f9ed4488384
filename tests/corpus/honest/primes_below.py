# /// assay
# about = "number of primes below a parameter"
# parameters = { limit = 5000 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
limit = given["limit"]
value = sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, limit))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
