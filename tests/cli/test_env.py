"""`assay env`, and verifying in what it built: as its users start it, with the real pip and the real box."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api.bundles import SCRIPT_CLAIM, script_bundle
from tests.cli.command import assay, lay
from tests.sandbox.wheels import RECIPE, Shelf, a_shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

IN_TINY = SCRIPT_CLAIM.replace("entrypoint =", 'environment = "tiny"\nentrypoint =')
NEEDS_TINY = "import tiny.deep\nassert tiny.deep.answer() == 42\n"


class Bench:
    """The command with a home and a shelf of its own."""

    def __init__(self, shelf: Shelf, home: Path) -> None:
        self.shelf = shelf
        self.home = home
        self.recipe = shelf.wheels / "own.txt"
        self.recipe.write_text(RECIPE)

    def __call__(self, *arguments: str | Path) -> CompletedProcess[str]:
        return assay(*arguments, home=self.home, ASSAY_ENVIRONMENTS=str(self.shelf.base))

    def built(self) -> dict[str, object]:
        done = self("env", "build", "tiny", "--from", self.recipe, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_shelf() as shelf:
        yield Bench(shelf, tmp_path / "home")


def test_one_is_built_listed_verified_and_left_alone_the_second_time(bench: Bench) -> None:
    built = bench.built()
    assert built["packages"] == {"tiny": "1.0"}
    again = bench("env", "build", "tiny", "--from", bench.recipe)
    assert (again.returncode, "nothing was built" in again.stderr) == (0, True)
    listed = bench("env", "list", "--json")
    python, tiny = map(json.loads, listed.stdout.splitlines())
    assert (python["name"], tiny["name"], tiny["digest"]) == ("python", "tiny", built["digest"])
    plain = bench("env", "list").stdout
    assert f"tiny  {tiny['version']}  {tiny['folder']}  {tiny['digest']}\n" in plain
    assert "torch  not built; `assay env build torch` builds it\n" in plain
    verified = bench("env", "verify", "tiny", "--json")
    found = json.loads(verified.stdout)
    assert (verified.returncode, found["digest"], found["changed"]) == (0, built["digest"], [])


def test_a_step_is_one_line_where_there_is_no_terminal(bench: Bench) -> None:
    done = bench("env", "build", "tiny", "--from", bench.recipe)
    assert done.stderr.splitlines() == [
        "tiny: installing 1 package",
        "tiny: compiling",
        "tiny: trying the imports in a box",
        "tiny: hashing",
    ]


def test_what_was_changed_is_named_with_5_and_nothing_runs_in_it(bench: Bench, tmp_path: Path) -> None:
    folder = Path(str(bench.built()["folder"]))
    bundle = lay(tmp_path / "bundle", script_bundle(IN_TINY))
    (folder / "tiny/data.txt").write_text("other")
    done = bench("env", "verify", "tiny")
    assert done.returncode == 5
    assert "tiny/data.txt changed its contents" in done.stderr
    assert "`assay env build tiny --from FILE` builds it anew" in done.stderr
    listed = bench("env", "list", "--json")
    assert [json.loads(line)["name"] for line in listed.stdout.splitlines()] == ["python"]
    assert "the environment tiny was changed" in listed.stderr
    done = bench("verify", bundle, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["blame"], document["reason_code"]) == (5, "service", "IMAGE_PULL_FAILED")
    assert document["runs"] == []


@pytest.mark.parametrize(("name", "remedy"), [("tiny", "tiny --from FILE"), ("torch", "torch")])
def test_one_that_was_not_built_cannot_be_verified(bench: Bench, name: str, remedy: str) -> None:
    done = bench("env", "verify", name)
    assert (done.returncode, done.stdout) == (5, "")
    assert f"(run `assay env build {remedy}`)" in done.stderr


def test_the_environment_of_the_host_is_built_from_no_file(bench: Bench) -> None:
    done = bench("env", "build", "python", "--from", bench.recipe)
    assert (done.returncode, done.stdout) == (2, "")
    assert "python is the host's own" in " ".join(done.stderr.split())


def test_a_recipe_that_is_wrong_is_a_wrong_argument_and_named_with_its_line(bench: Bench) -> None:
    bench.recipe.write_text("tiny>=1\n")
    done = bench("env", "build", "tiny", "--from", bench.recipe)
    assert (done.returncode, done.stdout) == (2, "")
    assert "own.txt, line 1: 'tiny>=1' is no exact version" in done.stderr


@pytest.mark.box
def test_a_claim_is_verified_in_an_environment_and_sealed_with_its_digest(bench: Bench, tmp_path: Path) -> None:
    digest = bench.built()["digest"]
    files = script_bundle(IN_TINY)
    (script,) = [name for name in files if name.endswith(".py")]
    bundle = lay(tmp_path / "bundle", {**files, script: NEEDS_TINY.encode() + files[script]})
    archive = tmp_path / "e.tar.gz"
    done = bench("verify", bundle, "--json", "--evidence", archive)
    document = json.loads(done.stdout)
    assert document["status"] == "VERIFIED", document["reason"]
    assert document["isolation"]["environment"]["packages"] == {"tiny": "1.0"}
    checked = bench("evidence", "verify", archive, "--rerun", "--json")
    again = json.loads(checked.stdout)["rerun"]
    assert (again["confirmed"], again["differences"], again["environment"]) == (True, [], digest)


@pytest.mark.box
def test_an_environment_that_nobody_has_is_refused_with_its_line_and_what_there_is(
    bench: Bench, tmp_path: Path
) -> None:
    bundle = lay(tmp_path / "bundle", script_bundle(IN_TINY.replace('"tiny"', '"matlab"')))
    done = bench("verify", bundle)
    assert done.returncode == 2
    number = IN_TINY.splitlines().index('environment = "tiny"') + 1
    said = f"claim.toml:{number}: there is no environment 'matlab' here. Built by the operator: python (see"
    assert said in done.stdout


def test_lint_knows_what_is_built_here_and_what_could_be(bench: Bench, tmp_path: Path) -> None:
    for name, code in {"torch": 0, "tiny": 2}.items():
        bundle = lay(tmp_path / name, script_bundle(IN_TINY.replace('"tiny"', f'"{name}"')))
        assert bench("lint", bundle).returncode == code
    bench.built()
    assert bench("lint", tmp_path / "tiny").returncode == 0
