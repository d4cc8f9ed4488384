"""Does an English intermediate task harm retrieval in low-resource languages? One seed of the study.

Arms, all from one base model and with as many steps: `base` (none), `extra` (further language modelling), `english` (find a
name by its English keywords), `target` (the same task in the low-resource languages), `sequential` (half the steps each,
English first), `parallel` (English names and their translations). Baselines: `random` (weights before any training) and
`trigrams` (spelling alone).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from effects import Found, difference, found_by, percent, trigram_hits
from learner import Learner, size_for, tokenizer_for
from phrases import ENGLISH, HIGH, LOW, Phrases, read

if TYPE_CHECKING:
    from collections.abc import Iterator

EFFECTS = {
    "english-base": ("english", "base"),
    "english-extra": ("english", "extra"),
    "english-target": ("english", "target"),
    "english-parallel": ("english", "parallel"),
    "sequential-target": ("sequential", "target"),
    "extra-base": ("extra", "base"),
}


def arms(phrases: Phrases, effort: float, seed: int) -> Iterator[tuple[str, Learner]]:
    """Yield the arms one after the other, each with its model."""
    size = size_for(effort)
    sentences = phrases.sentences()
    base = Learner(tokenizer_for(sentences, size.pieces), size, seed)
    yield "random", base
    base.learn_language(sentences, size.language_steps)
    yield "base", base
    english, target = phrases.keyword_pairs((ENGLISH,)), phrases.keyword_pairs(LOW)
    first = size.arm_steps // 2
    plans = {
        "extra": lambda arm: arm.learn_language(sentences, size.arm_steps),
        "english": lambda arm: arm.learn_pairs(english, size.arm_steps),
        "target": lambda arm: arm.learn_pairs(target, size.arm_steps),
        "sequential": lambda arm: (arm.learn_pairs(english, first), arm.learn_pairs(target, size.arm_steps - first)),
        "parallel": lambda arm: arm.learn_pairs(phrases.parallel_pairs(LOW), size.arm_steps),
    }
    for name, learn in plans.items():
        arm = base.copied()
        learn(arm)
        yield name, arm


def main() -> None:
    torch.use_deterministic_algorithms(mode=True)
    given, seed = Path(os.environ["ASSAY_INPUT"]), int(os.environ["ASSAY_SEED"])
    effort = float(json.loads((given / "parameters.json").read_text())["effort"])
    phrases = read(given / "phrases.tsv", seed, size_for(effort).tested)
    languages = (*HIGH, *LOW)
    found: dict[str, Found] = {}
    for name, arm in arms(phrases, effort, seed):
        found[name] = found_by(arm, phrases, languages)
        low = percent(found[name].names[len(HIGH) :])
        told = f"{name}: {low:.1f} % in the low tier at layer {found[name].layer}"
        print(f"::progress {len(found) / 7:.2f} {told}", flush=True)
    names = {"trigrams": trigram_hits(phrases, languages)} | {name: arm.names for name, arm in found.items()}
    tiers = {"high": slice(len(HIGH)), "low": slice(len(HIGH), None)}
    result = {f"{tier}.{name}": percent(table[rows]) for name, table in names.items() for tier, rows in tiers.items()}
    for name, arm in found.items():
        result[f"articles.{name}"] = percent(arm.articles[tiers["low"]])
        result[f"mined.{name}"] = 100 * float(arm.mined[tiers["low"]].mean())
        result[f"layer.{name}"] = float(arm.layer)
    for effect, (one, other) in EFFECTS.items():
        for tier, rows in tiers.items():
            gap, low, high = difference(names[one][rows], names[other][rows], seed)
            result |= {f"{tier}.{effect}": gap, f"{tier}.{effect}:from": low, f"{tier}.{effect}:to": high}
        for measure in ("articles", "mined"):
            result[f"{measure}.{effect}"] = result[f"{measure}.{one}"] - result[f"{measure}.{other}"]
    by_language = {
        name: dict(zip(languages, (100 * table.mean(dim=1)).tolist(), strict=True)) for name, table in names.items()
    }
    Path(os.environ["ASSAY_OUTPUT"], "languages.json").write_text(json.dumps(by_language, indent=1))
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(result))


main()
