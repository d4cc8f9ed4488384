"""The house in parts: what its children are told, and what a killed house leaves to the next one."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from app.settings import MAXIMUM_LIMITS, Settings
from cli import supervisor
from cli.client import Client
from cli.errors import CannotServe, ServiceError
from cli.progress import of_runs
from cli.supervisor import House, child_environment, only_one
from cli.temporary import LOCK, own_folder, sweep_abandoned
from tests.cli.command import lay

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for temporary files of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give settings that differ from the defaults, in an environment that says otherwise."""
    monkeypatch.setenv("ASSAY_PUBLISHER", "somebody")
    monkeypatch.setenv("ASSAY_DATABASE_URL", "sqlite:////elsewhere/assay.db")
    monkeypatch.setenv("ASSAY_BLOBS", "/elsewhere/blobs")
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere")
    return Settings().model_copy(
        update={
            "home": tmp_path / "home",
            "publisher": "demo",
            "database_url": "",
            "blobs": None,
            "allow_hosts": ["localhost", "assay.internal"],
            "lease_seconds": 7.5,
            "attempts_max": 5,
            "maximum_limits": MAXIMUM_LIMITS.model_copy(update={"cpus": 2}),
        }
    )


def test_children_have_exactly_the_settings_of_the_house(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a demonstration would write into whatever database the environment names."""
    for name, value in child_environment(settings, tmp_path / "broker.sock").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ASSAY_BLOBS", raising=False)
    found = Settings()
    assert found == settings.model_copy(update={"broker_url": f"redis+socket://{tmp_path / 'broker.sock'}"})


def test_children_are_told_nothing_of_ours_that_is_not_a_setting_of_the_house(
    settings: Settings, tmp_path: Path
) -> None:
    told = child_environment(settings, tmp_path / "broker.sock")
    assert told["ASSAY_PUBLISHER"] == "demo"
    assert "ASSAY_BLOBS" not in told
    assert "elsewhere" not in " ".join(value for name, value in told.items() if name.startswith("ASSAY_"))
    assert told["PATH"] == os.environ["PATH"]


def test_only_the_worker_gives_its_runs_back_at_once(settings: Settings, temporary: Path) -> None:
    house = House(settings, 8000)
    assert {child.name: child.env for child in house.children} == {
        "broker": {},
        "worker": {"REMAP_SIGTERM": "SIGQUIT"},
        "api": {},
    }
    house.stop()
    assert not list(temporary.glob("assay-run-*"))


def test_receivers_are_told_where_the_house_answers_unless_the_operator_says_otherwise(
    settings: Settings, temporary: Path
) -> None:
    assert House(settings, 8461).settings.public_url == "http://127.0.0.1:8461"
    named = settings.model_copy(update={"public_url": "https://assay.example", "home": temporary / "other"})
    assert House(named, 8461).settings.public_url == "https://assay.example"


def test_one_home_holds_one_house(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(CannotServe, match="a service already runs"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


# --- what a killed house leaves --------------------------------------------------------------------------------------


def test_the_brokers_own_words_stay_in_its_file_which_is_named_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS_MAX", 3)
    house = House(Settings(home=tmp_path), 0)
    try:
        logs = {child.name: child.log for child in house.children}
        assert logs == {"broker": tmp_path / "logs" / "broker.log", "worker": None, "api": None}
        (tmp_path / "broker" / "appendonlydir").write_text("no folder")  # the broker ends over it
        with pytest.raises(CannotServe) as caught:
            house.start()
    finally:
        house.stop()
    said = str(caught.value)
    assert said.startswith(f"the broker did not come up; its last words in {logs['broker']}:\n")
    assert "appendonlydir" in said


@pytest.mark.parametrize("prefix", ["assay-run-", "assay-demo-"])
def test_a_folder_that_nobody_holds_is_removed_however_fresh_it_is(temporary: Path, prefix: str) -> None:
    left = lay(temporary / f"{prefix}left", {LOCK: b"", "assay.db": b"", "blobs/ab/c": b""})
    assert sweep_abandoned() == [left]
    assert not left.exists()


@pytest.mark.parametrize("prefix", ["assay-run-", "assay-demo-"])
def test_a_folder_that_is_held_stays_and_goes_with_its_holder(temporary: Path, prefix: str) -> None:
    with own_folder(prefix) as held:
        assert held.parent == temporary
        assert sweep_abandoned() == []
        assert held.stat().st_mode & 0o777 == 0o700
    assert not held.exists()


def test_a_home_that_is_lived_in_stays(temporary: Path) -> None:
    home = lay(temporary / "assay-demo-home", {LOCK: b""})
    with only_one(home):
        assert sweep_abandoned() == []
    assert sweep_abandoned() == [home]


def test_what_is_not_ours_stays(temporary: Path) -> None:
    kept = [lay(temporary / name, {LOCK: b""}) for name in ("assay-logs-1", "assay-box-1", "somebody-elses", "target")]
    (temporary / "assay-run-link").symlink_to(temporary / "target")
    lay(temporary, {"assay-run-file": b""})
    assert sweep_abandoned() == []
    assert all(path.exists() for path in [*kept, temporary / "assay-run-link", temporary / "assay-run-file"])


def test_a_folder_of_another_user_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(temporary / "assay-demo-theirs", {LOCK: b""})
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert sweep_abandoned() == []


def test_a_new_house_sweeps_up(settings: Settings, temporary: Path) -> None:
    left = lay(temporary / "assay-run-left", {LOCK: b""})
    house = House(settings, 8000)
    assert not left.exists()
    house.stop()


# --- the client ------------------------------------------------------------------------------------------------------


def test_a_refusal_is_told_with_every_problem_line_and_remedy() -> None:
    error = ServiceError(
        422,
        {
            "detail": "two things are wrong",
            "errors": [
                {"in": "claim.toml", "line": 7, "pointer": "/a", "detail": "one", "remedy": "mend it"},
                {"in": "body", "line": None, "pointer": "/b", "detail": "two", "remedy": ""},
            ],
        },
    )
    assert str(error) == "two things are wrong\nclaim.toml:7: one. Mend it.\nbody/b: two."


@pytest.mark.parametrize(
    ("begun", "least", "most", "said"),
    [
        (1, 3, 4, "3 to 4"),
        (3, 3, 4, "3 to 4"),
        (4, 3, 4, "at most 4"),
        (11, 10, 17, "11 to 17"),
        (2, 3, 3, "at most 3"),
        (1, None, 5, "at most 5"),
    ],
)
def test_the_least_number_of_runs_is_never_below_what_was_begun(
    begun: int, least: int | None, most: int, said: str
) -> None:
    assert of_runs(begun, least, most) == said


@pytest.mark.parametrize("document", [{}, {"errors": "none"}, {"title": 5}, {"errors": [1, None]}])
def test_a_problem_document_of_any_shape_is_told(document: dict[str, object]) -> None:
    assert str(ServiceError(500, document))


def test_an_address_may_end_in_a_slash() -> None:
    with Client("http://127.0.0.1:1/") as client:
        assert client.url == "http://127.0.0.1:1"
