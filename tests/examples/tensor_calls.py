"""Calls functions of one module for a test that has no torch: a line of JSON in, a line of JSON out.

A list of lists of numbers becomes a tensor where the function's annotation says so.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import torch


def main(path: Path) -> None:
    sys.path.insert(0, str(path.parent))
    module = importlib.import_module(path.stem)
    for line in sys.stdin:
        name, given = json.loads(line)
        function = getattr(module, name)
        kinds = [parameter.annotation for parameter in inspect.signature(function).parameters.values()]
        taken = [taken_as(kind, value, module) for kind, value in zip(kinds, given, strict=False)]
        try:
            answer = {"given": plain(function(*taken))}
        except ValueError as error:
            answer = {"refused": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def taken_as(kind: str, value: Any, module: Any) -> Any:
    if kind == "torch.Tensor":
        found = torch.tensor(value)
        return found.reshape(0, 2) if not len(found) else found
    if kind == "tuple[torch.Tensor, torch.Tensor]":
        return tuple(map(torch.tensor, value))
    if "Pair" in kind:
        return [module.Pair(*item) for item in value]
    if "tuple" in kind:
        return {tuple(item) for item in value}
    return value


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, torch.Tensor) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
