"""BUCC as XTREME evaluates it: translations mined from two monolingual collections, F1 averaged over languages.

The asset `bucc` has, for each language and for `dev` and `test`, three files as the shared task spells them: `de-en.dev.de`
and `de-en.dev.en` with an identifier, a tab and a sentence a line, and `de-en.dev.gold` with two identifiers and a tab.
The threshold is chosen on `dev` and cuts `test`. The asset `model` is a folder that transformers has saved.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from encode import Encoder, asset
from xtreme_retrieval import best_threshold, f1, macro, mine

if TYPE_CHECKING:
    from xtreme_retrieval import Pair

# The published script pools by the first token, although the paper speaks of the mean over all.
FIRST_TOKEN = True


def collection(path: Path) -> dict[str, str]:
    """Return sentence -> identifier. A sentence that occurs again has no identifier of its own: it gets an empty one."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        name, _, sentence = line.partition("\t")
        sentence = sentence.strip()
        found[sentence] = "" if sentence in found else name
    return found


def split(folder: Path, language: str, part: str, encoder: Encoder) -> tuple[list[Pair], set[tuple[int, int]]]:
    """Return the mined pairs and the true ones, both as rows of the distinct sentences.

    Pairs with a repeated sentence are dropped after mining, as nobody can say which identifier they have. True pairs
    whose sentences were repeated stay, with rows that no mined pair has: they count as not found.
    """
    stem = folder / f"{language}-en.{part}"
    foreign, english = (collection(Path(f"{stem}.{side}")) for side in (language, "en"))
    vectors = [encoder(list(side)) for side in (foreign, english)]
    names = [list(side.values()) for side in (foreign, english)]
    pairs = [pair for pair in mine(*vectors) if names[0][pair.source] and names[1][pair.target]]
    rows = [{name: row for row, name in enumerate(side) if name} for side in names]
    lines = Path(f"{stem}.gold").read_text(encoding="utf-8").split("\n")
    gold = [tuple(line.strip().split("\t")) for line in lines if line.strip()]
    unknown = range(-1, -1 - len(gold), -1)
    return pairs, {
        (rows[0].get(left, none), rows[1].get(right, none)) for none, (left, right) in zip(unknown, gold, strict=True)
    }


def main() -> None:
    torch.manual_seed(int(os.environ["ASSAY_SEED"]))
    given = Path(os.environ["ASSAY_INPUT"])
    with (given / "languages.csv").open(encoding="utf-8", newline="") as file:
        languages = [row["language"] for row in csv.DictReader(file)]
    layer = json.loads((given / "parameters.json").read_text())["layer"]
    encoder = Encoder(asset("model"), layer, first_token=FIRST_TOKEN)
    found = {}
    for language in dict.fromkeys(languages):
        threshold = best_threshold(*split(asset("bucc"), language, "dev", encoder))
        found[language] = 100 * f1(*split(asset("bucc"), language, "test", encoder), threshold)
        print(f"::progress {len(found) / len(languages):.2f} {language} F1 {found[language]:.1f} %", flush=True)
    result = {"bucc": macro(found)} | {f"bucc.{language}": value for language, value in found.items()}
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))


main()
