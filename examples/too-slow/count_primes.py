"""Count primes the long way."""

from __future__ import annotations

import json
import os
from pathlib import Path

below = json.loads(Path(os.environ["ASSAY_INPUT"], "parameters.json").read_text())["below"]
primes = 0
for number in range(2, below):
    if number % 2_000 == 0:
        print(f"::progress {number / below:.6f} {primes} primes below {number}", flush=True)
    primes += all(number % divisor for divisor in range(2, number))
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"primes": primes}))
