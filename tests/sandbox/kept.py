"""A folder of assets that every user of this host may pass, and files to add to it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.adding import add

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.assets import Manifest

FILES = {"answer.txt": b"42\n", "deep/weights.bin": bytes(range(256)) * 16}


@dataclass(frozen=True)
class Kept:
    """Where assets are kept, and where they come from."""

    folder: Path
    originals: Path

    def lay(self, files: Mapping[str, bytes], name: str = "model") -> Path:
        """Write an original."""
        for path, data in files.items():
            target = self.originals / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return self.originals / name

    def add(self, files: Mapping[str, bytes] | None = None, name: str = "model", licence: str = "") -> Manifest:
        """Add an original."""
        return add(self.folder, self.lay(files or FILES, name), name, licence)[0]


@contextmanager
def some_assets() -> Iterator[Kept]:
    """Lend a folder of assets."""
    folder = Path(tempfile.mkdtemp(prefix="assay-assets-"))
    folder.chmod(0o755)
    (folder / "originals").mkdir()
    try:
        yield Kept(folder / "assets", folder / "originals")
    finally:
        shutil.rmtree(folder)
