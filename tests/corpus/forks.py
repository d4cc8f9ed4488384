"""A process that runs many small scripts, each in a fork of itself: nothing is started anew, nothing is kept.

Reads one JSON object a line, {"script", "folder", "seed", "seconds"}, and answers each with {"code"} or {"signal"}.
Started with the standard library alone; imports what scripts mostly import, once.
"""

import base64
import collections
import csv
import decimal
import fractions
import hashlib
import io
import itertools
import json
import math
import os
import pathlib
import random
import re
import runpy
import signal
import sqlite3
import statistics
import sys
import zlib

WARM = (
    base64,
    collections,
    csv,
    decimal,
    fractions,
    hashlib,
    io,
    itertools,
    math,
    pathlib,
    random,
    re,
    sqlite3,
    statistics,
    zlib,
)


def child(task: dict) -> None:
    """Become the script."""
    folder = task["folder"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "ASSAY_INPUT": f"{folder}/in",
        "ASSAY_OUTPUT": f"{folder}/out",
        "ASSAY_RESULT": f"{folder}/result.json",
        "ASSAY_SEED": str(task["seed"]),
    }
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(f"{folder}/out")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    signal.alarm(task["seconds"])
    sys.argv = [task["script"]]
    sys.path.append(str(pathlib.Path(task["script"]).parent))
    code = 0
    try:
        runpy.run_path(task["script"], run_name="__main__")
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - whatever a script raises
        code = 1
    os._exit(code)


def main() -> None:
    """Answer one line after the other."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        status = os.waitpid(pid, 0)[1]
        answer = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {"code": os.WEXITSTATUS(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
