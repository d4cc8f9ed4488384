"""`assay asset`, and verifying with what it added: as its users start it, in the real box."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api.bundles import SCRIPT_CLAIM, script_bundle
from tests.cli.command import assay, lay
from tests.sandbox.kept import Kept, some_assets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

SCRIPT = """\
import json, os
with open(os.environ["ASSAY_INPUT"] + "/scores.csv") as file:
    total = sum(int(line) for line in file) + len(os.listdir(os.environ["ASSAY_ASSETS"] + "/model"))
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"total": total}, file)
"""


class Bench:
    """The command with a home and a folder of assets of its own."""

    def __init__(self, kept: Kept, home: Path) -> None:
        self.kept = kept
        self.home = home
        self.original = kept.lay({"a.txt": b"1", "b.txt": b"2"})

    def __call__(self, *arguments: str | Path) -> CompletedProcess[str]:
        return assay(*arguments, home=self.home, ASSAY_ASSET_FOLDER=str(self.kept.folder))

    def added(self) -> dict[str, str]:
        done = self("asset", "add", self.original, "--name", "xlmr", "--licence", "MIT, from its authors", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with some_assets() as kept:
        yield Bench(kept, tmp_path / "home")


def bundle(digest: str) -> dict[str, bytes]:
    claim = SCRIPT_CLAIM.replace('value = "6"', 'value = "8"') + f'assets = {{ model = "{digest}" }}\n'
    return script_bundle(claim, SCRIPT)


def test_one_is_added_listed_verified_and_left_alone_the_second_time(bench: Bench) -> None:
    added = bench.added()
    assert (added["name"], added["files"], added["bytes"]) == ("xlmr", 2, 2)
    again = bench("asset", "add", bench.original, "--name", "xlmr")
    assert (again.returncode, "nothing was copied" in again.stderr) == (0, True)
    listed = bench("asset", "list", "--json")
    assert [json.loads(line) for line in listed.stdout.splitlines()] == [added]
    assert bench("asset", "list").stdout == f"xlmr  {added['digest']}  2 bytes in 2 files  MIT, from its authors\n"
    for name in ("xlmr", added["digest"]):
        verified = bench("asset", "verify", name, "--json")
        found = json.loads(verified.stdout)
        assert (verified.returncode, found["found"], found["changed"]) == (0, added["digest"], [])


def test_the_steps_are_a_line_each_where_there_is_no_terminal(bench: Bench) -> None:
    done = bench("asset", "add", bench.original)
    assert done.stderr.splitlines() == ["model: copying", "model: hashing"]


def test_what_was_changed_is_named_with_5_and_no_run_is_given_it(bench: Bench, tmp_path: Path) -> None:
    added = bench.added()
    folder = lay(tmp_path / "bundle", bundle(added["digest"]))
    (Path(added["folder"]) / "a.txt").write_text("3")
    done = bench("asset", "verify", "xlmr")
    assert done.returncode == 5
    assert "a.txt changed its contents" in done.stderr
    assert "`assay asset add` with the original mends it" in done.stderr
    verified = bench("verify", folder, "--json")
    found = json.loads(verified.stdout)
    assert (verified.returncode, found["reason_code"], found["blame"]) == (5, "IMAGE_PULL_FAILED", "service")
    assert "the asset xlmr was changed: a.txt changed its contents" in found["reason"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "nobody"), "there is no asset 'nobody' here"),
        (("remove", "nobody"), "there is no asset 'nobody' here"),
        (("add", "/nowhere"), "does not exist"),
    ],
)
def test_what_is_not_there_is_a_wrong_argument(bench: Bench, arguments: tuple[str, ...], said: str) -> None:
    done = bench("asset", *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_one_that_is_removed_is_given_to_no_run(bench: Bench, tmp_path: Path) -> None:
    added = bench.added()
    done = bench("asset", "remove", "xlmr", "--json")
    assert json.loads(done.stdout) == {"name": "xlmr", "digest": added["digest"], "removed_bytes": 2}
    assert not Path(added["folder"]).exists()
    assert bench("asset", "list").stdout == ""
    verified = bench("verify", lay(tmp_path / "bundle", bundle(added["digest"])), "--json")
    found = json.loads(verified.stdout)
    assert (verified.returncode, found["status"]) == (2, None)
    assert f"there is no asset {added['digest']} here" in found["reason"]


def test_a_name_that_two_have_is_no_answer(bench: Bench) -> None:
    bench.added()
    bench.kept.add({"other": b""}, "xlmr")
    done = bench("asset", "verify", "xlmr")
    assert done.returncode == 2
    assert "2 assets are called 'xlmr'" in " ".join(done.stderr.split())


def test_what_cannot_be_added_is_a_wrong_argument(bench: Bench) -> None:
    (bench.original / "out").symlink_to("/etc/passwd")
    done = bench("asset", "add", bench.original)
    assert done.returncode == 2
    assert "out is a link that leads out of the asset" in done.stderr


@pytest.mark.parametrize("named", ["", "keys", "../"])
def test_the_service_s_own_state_is_no_asset(bench: Bench, named: str) -> None:
    (bench.home / "keys").mkdir(parents=True)
    (bench.home / "keys/judge.pem").write_text("secret")
    done = bench("asset", "add", bench.home / named, "--name", "mine")
    assert done.returncode == 2
    told = " ".join(done.stderr.split())
    assert "holds what no script may read" in told
    assert "name what is to be added alone" in told
    assert bench("asset", "list").stdout == ""


def test_a_bundle_is_verified_with_it_and_its_evidence_names_it(bench: Bench, tmp_path: Path) -> None:
    digest = bench.added()["digest"]
    folder = lay(tmp_path / "bundle", bundle(digest))
    assert bench("lint", folder).returncode == 0
    done = bench("verify", folder, "--evidence", tmp_path / "found.tar.gz", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["status"]) == (0, "VERIFIED"), done.stderr
    told = {"name": "model", "digest": digest, "bytes": 2, "files": 2, "licence": "MIT, from its authors"}
    assert found["isolation"]["assets"] == [told]
    again = json.loads(bench("evidence", "verify", tmp_path / "found.tar.gz", "--rerun", "--json").stdout)["rerun"]
    assert (again["confirmed"], again["differences"]) == (True, [])


def test_without_it_a_bundle_is_refused_and_its_evidence_is_still_read(bench: Bench, tmp_path: Path) -> None:
    digest = bench.added()["digest"]
    folder = lay(tmp_path / "bundle", bundle(digest))
    assert bench("verify", folder, "--evidence", tmp_path / "found.tar.gz").returncode == 0
    elsewhere = {"home": tmp_path / "elsewhere"}
    done = assay("verify", folder, "--json", **elsewhere)
    found = json.loads(done.stdout)
    assert (done.returncode, found["problems"][0]["code"]) == (2, "unknown-asset")
    assert assay("lint", folder, **elsewhere).returncode == 0
    assert (
        assay("evidence", "verify", tmp_path / "found.tar.gz", **elsewhere).returncode == 3
    )  # holds, an unknown judge's
    rerun = assay("evidence", "verify", tmp_path / "found.tar.gz", "--rerun", "--json", **elsewhere)
    assert rerun.returncode == 5
    assert f"this host has no asset {digest}" in rerun.stderr + rerun.stdout
