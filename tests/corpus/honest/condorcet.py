# /// assay
# about = "a label: who beats every other one in pairs, of ballots that must be whole"
# inputs = { "votes.csv" = "ballots" }
# rule = "exact"
# ///
import csv
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
with (INPUT / "votes.csv").open() as lines:
    ballots = list(csv.reader(lines))[1:]
names = sorted(set(ballots[0]))


def beats(one, two):
    return 2 * sum(ballot.index(one) < ballot.index(two) for ballot in ballots) > len(ballots)


value = next((one for one in names if all(beats(one, two) for two in names if two != one)), "nobody")

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
