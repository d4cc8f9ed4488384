"""An evidence archive on disk as an RO-Crate: a folder of its members, or the same in a `.zip`."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import typer

from app.core.rocrate import METADATA, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP can say: the same archive gives the same crate


def write_crate(target: Path, members: Mapping[str, bytes]) -> None:
    """Write a crate; what is there already is never written over.

    Args:
        target: a folder that is not there or empty, or a `.zip` that is not there.
        members: of an archive that holds; their names are plain, as reading it made sure.

    """
    files = {METADATA: json.dumps(metadata(members), indent=1, ensure_ascii=False).encode(), **members}
    if target.suffix == ".zip":
        if target.exists():
            raise typer.BadParameter(f"{target} is there already")
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as crate:
            for name, data in files.items():
                crate.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)
        return
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise typer.BadParameter(f"{target} is there already and not an empty folder")
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
