"""Which scripts begin with nothing imported: those that could notice, or want to decide."""

from __future__ import annotations

import pytest

from app.core.early import BYTES_MAX, importing

DECIDING = {
    "a variable is set": "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport torch",
    "by its own name": "from os import environ\nenviron['A'] = '1'",
    "by another name": "from os import environ as e\ne['A'] = '1'",
    "passed on": "import os\ndef f(e): e['A'] = '1'\nf(os.environ)",
    "kept": "import os\ne = os.environ\ne['A'] = '1'",
    "updated": "import os\nos.environ.update(A='1')",
    "by default": "import os\nos.environ.setdefault('A', '1')",
    "removed": "import os\ndel os.environ['A']",
    "popped": "import os\nos.environ.pop('A')",
    "as bytes": "import os\nos.environb[b'A'] = b'1'",
    "augmented": "import os\nos.environ['A'] += '1'",
    "putenv": "import os\nos.putenv('A', '1')",
    "putenv by another name": "from os import putenv as p\np('A', '1')",
    "everything of os": "from os import *\nenviron",
    "by getattr": "import os\ngetattr(os, 'environ')['A'] = '1'",
    "by exec": "exec(open('/in/x').read())",
    "by eval": "eval('1')",
    "by ctypes": "import ctypes",
    "by a part of ctypes": "from ctypes.util import find_library",
    "the path": "import sys\nsys.path.insert(0, '/job')",
    "the path by its name": "from sys import path\npath.insert(0, '/job')",
    "modules that are there": "import sys\nprint('torch' in sys.modules)",
    "an import hook": "import sys\nsys.meta_path.insert(0, None)",
    "imported again": "import importlib, torch\nimportlib.reload(torch)",
    "an audit hook": "import sys\nsys.addaudithook(print)",
    "a limit": "import resource\nresource.setrlimit(resource.RLIMIT_STACK, (1, 1))",
    "processors": "import os\nos.sched_setaffinity(0, {0})",
    "the system by another name": "import sys as s\ns.path.insert(0, '/job')",
    "the system through another module": "import os\nos.sys.path.insert(0, '/job')",
    "the system fetched by its name": "import importlib\nimportlib.import_module('sys').modules",
    "patched by a dotted name": "patch('os.environ')",
    "by a mock": "from unittest import mock",
    "through what a view holds": "import os\nos.environ.items()._mapping['A'] = '1'",
    "by another file's execution": "import runpy\nrunpy.run_path('settings.txt')",
    "by a loader": "from importlib.machinery import SourceFileLoader",
    "by a loader of a part": "from importlib import util",
    "by builtins": "import builtins\nbuiltins.exec('1')",
    "no Python": "1 +",
    "a NUL": "a = 1\0",
    "too deep": "-" * 20_000 + "1",
}
PLAIN = {
    "variables are read": "import os\na = os.environ['ASSAY_INPUT'] + os.environ.get('A', '') + str('A' in os.environ)",
    "read by their own name": "from os import environ\nprint(environ['ASSAY_SEED'], 'A' not in environ)",
    "all of them": "import os\nprint(dict(os.environ.items()), os.environ.copy())",
    "methods of those names": "import re, torch\nmodel.eval(); model.modules(); torch.compile(model); re.compile('a')",
    "another path": "import os\nos.path.join('a', 'b')",
    "words in a text": "print('set environ and modules beforehand')",
    "training": "import torch\ntorch.manual_seed(1)\ntorch.use_deterministic_algorithms(True)\ntorch.set_num_threads(1)",
}


@pytest.mark.parametrize("text", DECIDING.values(), ids=DECIDING.keys())
def test_a_script_that_decides_how_libraries_are_imported_is_found(text: str) -> None:
    assert importing({"reproduce.py": text.encode()}, "reproduce.py").decides


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN.keys())
def test_a_script_that_cannot_tell_is_left_to_a_quick_start(text: str) -> None:
    assert not importing({"reproduce.py": text.encode()}, "reproduce.py").decides


@pytest.mark.parametrize(("path", "read"), [("run", True), ("settings.py", True), ("notes.txt", False)])
def test_the_entrypoint_is_read_whatever_its_name_and_other_files_by_theirs(path: str, *, read: bool) -> None:
    files = {"run": b"import torch", path: b"import os\nos.environ['A'] = '1'"}
    assert importing(files, "run").decides is read


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import torch", {"torch"}),
        ("import torch.nn as nn, numpy", {"torch", "numpy"}),
        ("def late():\n    from torch.nn import functional", {"torch"}),
        ("from . import torch\nfrom .torch import nn", set()),
        ("print('import torch')", set()),
        ("import torch +", set()),
    ],
)
def test_what_a_program_imports_stands_in_its_text(text: str, names: set[str]) -> None:
    assert importing({"run": text.encode(), "notes.txt": b"import scipy"}, "run").packages == names


def test_more_text_than_is_parsed_counts_as_deciding() -> None:
    text = b"import torch\n"
    full = text * (BYTES_MAX // len(text))
    assert not importing({"run": full}, "run").decides
    assert importing({"run": full}, "run").packages == {"torch"}
    assert importing({"run": full, "more.py": text}, "run").decides
    assert importing({"run": full, "more.py": text}, "run").packages == frozenset()
