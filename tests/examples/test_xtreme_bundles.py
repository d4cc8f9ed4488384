"""The retrieval bundles from end to end, with a small model that transformers itself has saved, and made-up sentences."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.core.boxjob import evaluator_digest
from app.core.canonical import digest
from app.core.claim import parse_claim
from app.core.model import Environment as Sealed
from app.core.plan import next_step
from app.core.seal import make_seal, seal_bytes, seal_digest
from app.settings import Settings
from sandbox import Sandbox, host_python
from sandbox.adding import add
from sandbox.assets import load
from sandbox.built import load as load_environment
from tests.examples.torch_python import BASE, environment, packages, require_torch, run_script
from tests.sandbox.kept import some_assets
from workers.execute import execute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox import Asset, Environment

require_torch()

BUNDLES = Path(__file__).parents[2] / "examples" / "xtreme-tatoeba"
MAKER = Path(__file__).with_name("small_model.py")
LAYER = 2
WORDS = [f"word{number}" for number in range(40)]


def made(chance: random.Random, count: int) -> list[str]:
    """Return different sentences of different lengths."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(chance.choices(WORDS, k=chance.randint(1, 12)))] = None
    return list(found)


def altered(chance: random.Random, sentence: str) -> str:
    """Return a sentence of which some words have become others."""
    return " ".join(word if chance.random() < 0.6 else chance.choice(WORDS) for word in sentence.split())


@dataclass(frozen=True)
class Small:
    """A saved model, and the sentences that its vectors are known of."""

    assets: Path
    english: list[str]
    foreign: dict[str, list[str]]
    means: dict[str, list[float]]
    firsts: dict[str, list[float]]
    both_sides: dict[str, list[str]]  # of BUCC


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    chance = random.Random(1)  # noqa: S311 - sentences, no secret
    english = made(chance, 30)
    foreign = {"aa": english, "bb": [*english[1:], english[0]], "cc": [altered(chance, text) for text in english]}
    shared, *others = (made(chance, 12) for _ in range(3))
    both_sides = {"de": [*others[0], *shared[:11], shared[10]], "en": [*shared[:11][::-1], *others[1]]}
    texts = list(dict.fromkeys([*english, *foreign["cc"], *both_sides["de"], *both_sides["en"]]))
    assets = tmp_path_factory.mktemp("assets")
    command = [sys.executable, str(MAKER), str(assets / "model"), str(LAYER)]
    done = subprocess.run(
        command, input="\n".join(texts), env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    means, firsts = zip(*map(json.loads, done.stdout.splitlines()), strict=True)
    return Small(
        assets,
        english,
        foreign,
        dict(zip(texts, means, strict=True)),
        dict(zip(texts, firsts, strict=True)),
        both_sides,
    )


def given(place: Path, languages: str, layer: int) -> Path:
    place.mkdir()
    (place / "languages.csv").write_text(languages)
    (place / "parameters.json").write_text(json.dumps({"layer": layer}))
    return place


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True)) / (math.hypot(*left) * math.hypot(*right))


def found_by(queries: list[list[float]], pool: list[list[float]]) -> float:
    nearest = [max(range(len(pool)), key=lambda row: cosine(query, pool[row])) for query in queries]
    return sum(row == own for own, row in enumerate(nearest)) / len(queries)


@pytest.mark.slow
def test_tatoeba_finds_what_vectors_computed_one_by_one_find(small: Small, tmp_path: Path) -> None:
    folder = small.assets / "tatoeba"
    folder.mkdir()
    for name, sentences in small.foreign.items():
        (folder / f"tatoeba.{name}-eng.eng").write_text("\n".join(small.english) + "\n")
        (folder / f"tatoeba.{name}-eng.{name}").write_text("\n".join(sentences) + "\n")
    inputs = given(tmp_path / "input", "language,files\naa,aa\nbb,bb\nxx,cc\n", LAYER)

    result, printed = run_script(
        BUNDLES / "tatoeba", "tatoeba.py", inputs, tmp_path / "run", ASSAY_ASSETS=str(small.assets)
    )

    english, foreign = ([small.means[text] for text in side] for side in (small.english, small.foreign["cc"]))
    share = found_by(english, foreign)
    assert 0.2 < share < 0.8
    assert share != found_by(foreign, english), "the sentences cannot tell the directions apart"
    assert result["tatoeba.aa"] == 100.0
    assert result["tatoeba.bb"] == 0.0
    assert result["tatoeba.xx"] == pytest.approx(100 * share)
    assert result["tatoeba"] == pytest.approx((100 + 0 + 100 * share) / 3)
    assert "::progress 1.00 xx" in printed


def mined(left: list[list[float]], right: list[list[float]]) -> list[tuple[int, int]]:
    """Return pairs of rows, best ratio margin first, from all cosines at once."""
    cosines = {(i, j): cosine(x, y) for i, x in enumerate(left) for j, y in enumerate(right)}
    of_left = [sorted(range(len(right)), key=lambda j: -cosines[i, j])[:4] for i in range(len(left))]
    of_right = [sorted(range(len(left)), key=lambda i: -cosines[i, j])[:4] for j in range(len(right))]
    means = [sum(cosines[i, j] for j in near) / 4 for i, near in enumerate(of_left)]
    others = [sum(cosines[i, j] for i in near) / 4 for j, near in enumerate(of_right)]

    def margin(pair: tuple[int, int]) -> float:
        return 2 * cosines[pair] / (means[pair[0]] + others[pair[1]])

    best = {max(((i, j) for j in near), key=margin) for i, near in enumerate(of_left)}
    best |= {max(((i, j) for i in near), key=margin) for j, near in enumerate(of_right)}
    found: list[tuple[int, int]] = []
    for i, j in sorted(best, key=margin, reverse=True):
        if all(i != other and j != another for other, another in found):
            found.append((i, j))
    return found


@pytest.mark.slow
def test_bucc_mines_what_a_plain_count_mines_and_cuts_by_the_threshold_of_the_other_half(
    small: Small, tmp_path: Path
) -> None:
    """Both halves hold the same sentences; the gold of `dev` has all eleven pairs, that of `test` the last five.

    The last true pair has a sentence that occurs twice, and so no identifier: it is never found.
    """
    folder = small.assets / "bucc"
    folder.mkdir()
    sides = small.both_sides
    true = [(12 + row, 10 - row) for row in range(11)]
    for part, first in (("dev", 0), ("test", 6)):
        names = {side: [f"{side}-{part}-{row:03}" for row in range(len(texts))] for side, texts in sides.items()}
        for side, texts in sides.items():
            lines = [f"{name}\t{text}\n" for name, text in zip(names[side], texts, strict=True)]
            (folder / f"de-en.{part}.{side}").write_text("".join(lines))
        pairs = [f"{names['de'][left]}\t{names['en'][right]}\n" for left, right in true[first:]]
        (folder / f"de-en.{part}.gold").write_text("".join(pairs))
    inputs = given(tmp_path / "input", "language\nde\n", LAYER)

    result, _ = run_script(BUNDLES / "bucc", "bucc.py", inputs, tmp_path / "run", ASSAY_ASSETS=str(small.assets))

    distinct = [[small.firsts[text] for text in dict.fromkeys(sides[side])] for side in ("de", "en")]
    kept = [pair for pair in mined(*distinct) if pair[0] != 22]
    right = [[sum(pair in gold for pair in kept[:cut]) for cut in range(len(kept) + 1)] for gold in (true, true[6:])]
    cut = max(range(len(kept) + 1), key=lambda cut: right[0][cut] / (cut + 11))
    assert right[1][cut] > 0
    assert cut != max(range(len(kept) + 1), key=lambda cut: right[1][cut] / (cut + 5)), "either half gives this cut"
    assert result["bucc.de"] == pytest.approx(100 * 2 * right[1][cut] / (cut + 5))
    assert result["bucc"] == result["bucc.de"]


@pytest.mark.slow
def test_a_layer_that_the_model_has_not_is_refused(small: Small, tmp_path: Path) -> None:
    inputs = given(tmp_path / "input", "language,files\naa,aa\n", 4)

    with pytest.raises(AssertionError, match="there is no layer 4 in a model of 3"):
        run_script(BUNDLES / "tatoeba", "tatoeba.py", inputs, tmp_path / "run", ASSAY_ASSETS=str(small.assets))


# --- in the box, from assets


@dataclass(frozen=True)
class Boxed:
    """The environment, and the assets of this host."""

    environment: Environment
    folder: Path

    def add(self, original: Path, name: str) -> Asset:
        manifest, _ = add(self.folder, original, name)
        return load(self.folder, manifest.digest)

    def measure(self, files: dict[str, bytes], assets: dict[str, Asset]) -> dict[str, float]:
        """Seal a bundle with these assets and return what its first run measures."""
        by_digest = {asset.digest: asset for asset in assets.values()}
        known = {asset.digest: asset.name for asset in by_digest.values()}
        for name, asset in assets.items():
            zeros = f'{name} = "sha256:{"0" * 64}"'.encode()
            assert zeros in files["claim.toml"]
            files["claim.toml"] = files["claim.toml"].replace(zeros, f'{name} = "{asset.digest}"'.encode())
        policy = Settings().policy({"torch": self.environment.digest}, known)
        claim = parse_claim(files["claim.toml"], files, policy)
        digests = {path: digest(data) for path, data in files.items()}
        sealed = Sealed(name="torch", digest=self.environment.digest)
        seal = make_seal(claim, digests, sealed, evaluator_digest(claim))
        contents = {digests[path]: data for path, data in files.items()}
        first = next_step(seal, ())
        assert isinstance(first, tuple)
        identity = seal_digest(seal_bytes(seal))
        with Sandbox() as box:
            done = execute(
                box, self.environment, seal, identity, first[0], contents.__getitem__, lambda _: True, by_digest
            )
        assert done.result is not None, done.stderr[-2000:]
        assert {item["name"]: item["digest"] for item in done.isolation["assets"]} == {
            name: asset.digest for name, asset in assets.items()
        }
        found: dict[str, float] = json.loads(done.result)
        return found


@pytest.fixture(scope="module")
def boxed() -> Iterator[Boxed]:
    packages()  # fails, and says how to build the environment, where nothing may be skipped
    with some_assets() as kept:
        yield Boxed(load_environment(BASE, "torch", host_python()), kept.folder)


@pytest.mark.slow
@pytest.mark.box
def test_the_tatoeba_bundle_measures_in_the_box_what_a_plain_count_finds(
    small: Small, boxed: Boxed, tmp_path: Path
) -> None:
    """A model of three layers and thirty made-up sentences stand in for the weights and the dataset."""
    data = tmp_path / "tatoeba"
    data.mkdir()
    for name, sentences in small.foreign.items():
        (data / f"tatoeba.{name}-eng.eng").write_text("\n".join(small.english) + "\n")
        (data / f"tatoeba.{name}-eng.{name}").write_text("\n".join(sentences) + "\n")
    files = {path.name: path.read_bytes() for path in (BUNDLES / "tatoeba").iterdir() if path.is_file()}
    files["languages.csv"] = b"language,files\naa,aa\nbb,bb\nxx,cc\n"
    files["claim.toml"] = files["claim.toml"].replace(b"layer = 14", f"layer = {LAYER}".encode())
    assets = {"model": boxed.add(small.assets / "model", "small"), "tatoeba": boxed.add(data, "made-up")}

    found = boxed.measure(files, assets)

    english, foreign = ([small.means[text] for text in side] for side in (small.english, small.foreign["cc"]))
    assert (found["tatoeba.aa"], found["tatoeba.bb"]) == (100.0, 0.0)
    assert found["tatoeba.xx"] == pytest.approx(100 * found_by(english, foreign))
    assert found["tatoeba"] == pytest.approx(sum(found[f"tatoeba.{name}"] for name in ("aa", "bb", "xx")) / 3)


FROM_PRETRAINED = """\
import csv, json, os, torch
from transformers import AutoTokenizer, XLMRobertaModel

folder = os.environ["ASSAY_ASSETS"] + "/model"
model = XLMRobertaModel.from_pretrained(folder).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
with open(os.environ["ASSAY_INPUT"] + "/text.csv") as file:
    text = next(csv.DictReader(file))["text"]
with torch.inference_mode():
    vector = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0, 0]
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({f"v{place}": float(value) for place, value in enumerate(vector)}, file)
"""
ONE_RUN = """\
schema = "assay-claim-v1"
[claim]
id = "vector"
statement = "The first number of the vector is 0."
[[expect]]
metric = "v0"
value = "0"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "load.py"
environment = "torch"
inputs = ["text.csv"]
assets = { model = "sha256:ZEROS" }
[limits]
wall = "10m"
memory = "2GiB"
"""


@pytest.mark.slow
@pytest.mark.box
def test_xlm_r_is_loaded_by_from_pretrained_from_an_asset(small: Small, boxed: Boxed) -> None:
    """The vector of the last layer is the one that the same model gave outside of the box."""
    text = small.english[0]
    command = [sys.executable, str(MAKER), str(small.assets / "model"), "3", "--load"]
    said = subprocess.run(command, input=text, env=environment(), capture_output=True, text=True, check=True).stdout
    claim = ONE_RUN.replace("ZEROS", "0" * 64).encode()
    files = {"claim.toml": claim, "load.py": FROM_PRETRAINED.encode(), "text.csv": f"text\n{text}\n".encode()}

    found = boxed.measure(files, {"model": boxed.add(small.assets / "model", "small")})

    _, first = json.loads(said)
    assert [found[f"v{place}"] for place in range(len(first))] == pytest.approx(first, abs=1e-5)
    assert len({round(value, 3) for value in first}) > 4, "a vector that could not be told from another"
