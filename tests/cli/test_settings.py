"""What is wrong with the environment is said in our words, with an example, and never with the value."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.core.errors import Fault
from app.main import create_app
from app.settings import DEFAULT_LIMITS, MAXIMUM_LIMITS
from app.settings_words import misspelt, read_settings
from tests.api.bundles import formula_bundle
from tests.cli.command import ROOT, assay, lay

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"
WRONG = [
    ("ASSAY_POOL_SIZE", SECRET, "ASSAY_POOL_SIZE: it is no whole number; an example is 10"),
    ("ASSAY_LEVEL_MAX", "9", "ASSAY_LEVEL_MAX: it is more than 7; an example is 2"),
    ("ASSAY_ISOLATION", SECRET, "ASSAY_ISOLATION: it is none of C, B1, B or A; an example is C"),
    ("ASSAY_ENGINE", SECRET, "ASSAY_ENGINE: it is none of bwrap or oci:crun; an example is bwrap"),
    ("ASSAY_ALLOW_HOSTS", SECRET, 'ASSAY_ALLOW_HOSTS: it is not written as JSON; an example is ["localhost"'),
    ("ASSAY_ALLOW_CLIENTS", '["hunter2"]', "of its member 0, this is no network such as 127.0.0.0/8"),
    ("ASSAY_PUBLISHER", f"@{SECRET}", "ASSAY_PUBLISHER: this cannot be a publisher's name"),
    ("ASSAY_DEFAULT_LIMITS", '{"wall_ms": "hunter2"}', "ASSAY_DEFAULT_LIMITS: of its member wall_ms, it is no whole"),
]


@pytest.mark.parametrize(("name", "value", "told"), WRONG)
def test_a_setting_that_cannot_be_read_is_named_with_an_example(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Fault) as caught:
        read_settings()
    assert told in str(caught.value)
    assert "docs/operations.md" in str(caught.value)
    assert not {"pydantic", "Input should", SECRET, "validation"} & set(str(caught.value).split())
    assert SECRET not in str(caught.value)
    with pytest.raises(SystemExit, match="a setting is wrong"):
        create_app()


def test_limits_that_are_not_named_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_MAXIMUM_LIMITS", '{"gpus": 1}')
    monkeypatch.setenv("ASSAY_DEFAULT_LIMITS", '{"wall_ms": 1000}')
    found = read_settings()
    assert found.maximum_limits == MAXIMUM_LIMITS.model_copy(update={"gpus": 1})
    assert found.default_limits == DEFAULT_LIMITS.model_copy(update={"wall_ms": 1000})


def test_an_isolation_that_nobody_knows_is_usage_and_no_traceback(tmp_path: Path) -> None:
    done = assay("verify", lay(tmp_path / "x", formula_bundle()), home=tmp_path, ASSAY_ISOLATION="Z")
    assert done.returncode == 2
    assert "ASSAY_ISOLATION: it is none of C, B1, B or A" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_ends_with_the_reason_and_says_what_is_misspelt(tmp_path: Path) -> None:
    env = {**os.environ, "ASSAY_HOME": str(tmp_path), "ASSAY_POOL_SIZE": SECRET, "ASSAY_PUBLSIHER": "ada"}
    told = subprocess.run(
        [sys.executable, "-c", "import workers.main"], check=False, cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert told.returncode == 1
    assert "a setting is wrong: ASSAY_POOL_SIZE: it is no whole number" in told.stderr
    assert "ASSAY_PUBLSIHER is no setting" in told.stderr
    assert "Traceback" not in told.stderr
    assert SECRET not in told.stderr


def test_a_name_that_nobody_reads_is_told_with_the_one_that_was_meant() -> None:
    (told,) = misspelt(["ASSAY_PUBLSIHER", "PATH", "ASSAY_HOME"])
    assert told.startswith("ASSAY_PUBLSIHER is no setting, and has no effect;")
    assert "ASSAY_PUBLISHER" in told
    assert "docs/operations.md" in misspelt(["ASSAY_ZZZZZZZZ"])[0]
    others = ["ASSAY_TOKEN", "ASSAY_URL", "ASSAY_INPUT", "ASSAY_SEED", "ASSAY_RESULT", "ASSAY_OUTPUT", "ASSAY_CI_PATH"]
    assert misspelt(others) == [], "other programs of ours, and the box, read these"
