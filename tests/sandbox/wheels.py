"""Small packages for the tests of built environments, which the real pip installs from a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from sandbox import host_python
from sandbox.building import build
from sandbox.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sandbox.built import Manifest
    from sandbox.recipe import Recipe

RECIPE = "#: import tiny\n#: without tiny/extra\ntiny==1.0  # MIT\n"
TINY = {
    "tiny/__init__.py": "import os\nVALUE = 42\nSEEN = os.environ.get('TINY_SETTING', 'unset')\n",
    "tiny/deep/__init__.py": "def answer():\n    return 6 * 7\n",
    "tiny/extra/__init__.py": "raise RuntimeError('nobody needs this')\n",
    "tiny/data.txt": "some data\n",
}


@dataclass(frozen=True)
class Shelf:
    """A folder of wheels, and one of environments, which the user of a box may reach."""

    wheels: Path
    base: Path

    def put(self, name: str, version: str, files: Mapping[str, str], requires: Sequence[str] = ()) -> None:
        """Add a wheel."""
        info = f"{name}-{version}.dist-info"
        asked = "".join(f"Requires-Dist: {item}\n" for item in requires)
        texts = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
        with zipfile.ZipFile(self.wheels / f"{name}-{version}-py3-none-any.whl", "w") as archive:
            for path, text in {**texts, f"{info}/RECORD": record}.items():
                archive.writestr(path, text)

    def recipe(self, text: str = RECIPE, name: str = "tiny") -> Recipe:
        """Write a recipe and read it."""
        path = self.wheels / f"{name}.txt"
        path.write_text(text)
        return read_recipe(name, path)

    def build(self, text: str = RECIPE, name: str = "tiny") -> Manifest:
        """Build what a recipe says."""
        return build(self.recipe(text, name), self.base, host_python(), lambda _step, _share: None)[0]


@contextmanager
def a_shelf() -> Iterator[Shelf]:
    """Lend a shelf with the package `tiny`, and have pip look there and nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix="assay-shelf-"))
    folder.chmod(0o755)
    (folder / "wheels").mkdir()
    found = Shelf(folder / "wheels", folder / "environments")
    found.put("tiny", "1.0", TINY)
    try:
        with patch.dict(os.environ, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(found.wheels)}):
            yield found
    finally:
        shutil.rmtree(folder)
