"""Tatoeba as XTREME evaluates it: which share of English sentences finds its translation, averaged over languages.

The asset `tatoeba` has two files a language, `tatoeba.deu-eng.deu` and `tatoeba.deu-eng.eng`, one sentence a line, row by
row translations of each other. The asset `model` is a folder that transformers has saved, with its tokenizer.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import torch
from encode import Encoder, asset
from xtreme_retrieval import accuracy, macro


def sentences(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def main() -> None:
    torch.manual_seed(int(os.environ["ASSAY_SEED"]))
    given = Path(os.environ["ASSAY_INPUT"])
    with (given / "languages.csv").open(encoding="utf-8", newline="") as file:
        languages = {row["language"]: row["files"] for row in csv.DictReader(file)}
    encoder = Encoder(asset("model"), json.loads((given / "parameters.json").read_text())["layer"])
    found = {}
    for language, name in languages.items():
        english, foreign = (sentences(asset("tatoeba") / f"tatoeba.{name}-eng.{side}") for side in ("eng", name))
        found[language] = 100 * accuracy(encoder(english), encoder(foreign))
        share = len(found) / len(languages)
        print(f"::progress {share:.2f} {language} {found[language]:.1f} % of {len(english)}", flush=True)
    result = {"tatoeba": macro(found)} | {f"tatoeba.{language}": value for language, value in found.items()}
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))


main()
