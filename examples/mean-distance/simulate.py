"""The mean distance of two points that are drawn at random from the unit cube of some dimensions."""

from __future__ import annotations

import json
import os
from math import dist
from pathlib import Path
from random import Random
from statistics import fmean

parameters = json.loads(Path(os.environ["ASSAY_INPUT"], "parameters.json").read_text())
dimensions, pairs = int(parameters["dimensions"]), int(parameters["pairs"])
chance = Random(int(os.environ["ASSAY_SEED"]))  # noqa: S311 - a simulation


def point() -> list[float]:
    """Return a point of the cube."""
    return [chance.random() for _ in range(dimensions)]


distance = fmean(dist(point(), point()) for _ in range(pairs))
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"distance": distance}))
