"""Bundles whose scripts take their time, and can be told apart in the list of processes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

CLAIM = """\
schema = "assay-claim-v1"
[claim]
id = "{name}"
statement = "The answer is 42"
[[expect]]
metric = "answer"
value = "{value}"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "{name}.py"
parameters = {parameters}
[limits]
memory = "256MiB"
wall = "60s"
"""

SCRIPT = """\
import json, os, time
time.sleep({seconds})
answer = 42
path = os.path.join(os.environ["ASSAY_INPUT"], "parameters.json")
if os.path.exists(path):
    with open(path) as file:
        answer = json.load(file)["answer"]
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({{"answer": answer}}, file)
"""


@dataclass(frozen=True)
class Slow:
    """A script that sleeps and then reports 42: one measure and one repeat run.

    With `depends` the 42 is a parameter: two perturb runs more, and a confirm run if the claim says another value.
    """

    seconds: float = 0.0
    value: str = "42"
    depends: bool = False
    name: str = field(default_factory=lambda: f"slow-{uuid.uuid4().hex[:12]}")

    @property
    def files(self) -> dict[str, bytes]:
        """The bundle."""
        parameters = "{ answer = 42 }" if self.depends else "{}"
        return {
            "claim.toml": CLAIM.format(name=self.name, value=self.value, parameters=parameters).encode(),
            f"{self.name}.py": SCRIPT.format(seconds=self.seconds).encode(),
        }

    def processes(self) -> list[int]:
        """Return the processes of this host that run the script."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"{self.name}.py".encode() in path.read_bytes():
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found
