"""The doctor names every lack with its remedy, and believes nothing but a real sealed run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from sandbox import Environment, NoIsolation, cgroup, doctor
from sandbox.doctor import Check, audit

if TYPE_CHECKING:
    from tests.sandbox.boxes import Strongest

NAMES = ["bubblewrap", "user namespaces", "AppArmor", "seccomp", "cgroup", "own user", "interpreter", "state", "canary"]

#: files of /proc -> what the check says
USER_NAMESPACES = {
    "many": ({"sys/user/max_user_namespaces": "96364\n"}, True, "up to 96364"),
    "none": ({"sys/user/max_user_namespaces": "0\n"}, False, "the kernel allows none"),
    "not said": ({}, True, "the canary shows"),
    "closed": (
        {"sys/user/max_user_namespaces": "9\n", "sys/kernel/unprivileged_userns_clone": "0\n"},
        False,
        "closed to ordinary users",
    ),
    "open": ({"sys/user/max_user_namespaces": "9\n", "sys/kernel/unprivileged_userns_clone": "1\n"}, True, "up to 9"),
}
APPARMOR = {
    "absent": ({}, True),
    "off": ({"sys/kernel/apparmor_restrict_unprivileged_userns": "0\n"}, True),
    "on": ({"sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}, False),
}
UID_MAPS = {
    "the whole range": ("0 0 4294967295\n", True),
    "a container's range": ("0 100000 65536\n", False),
    "two ranges": ("0 1000 1\n200000 300000 65536\n", True),
    "a range that ends too soon": ("0 0 210100\n", False),
}


def _proc(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def _told(check: Check) -> bool:
    """Whether a check that failed says what to do."""
    return check.ok or bool(check.remedy)


@pytest.mark.box
def test_an_audit_of_this_host_is_complete_and_agrees_with_the_sandbox(strongest: Strongest) -> None:
    found = audit()
    assert [check.name for check in found.checks] == NAMES
    assert found.level == strongest.level
    made = strongest.run("pass").isolation
    assert {name: found.isolation[name] for name in ("engine", "engine_version", "seccomp", "level")} == {
        name: made[name] for name in ("engine", "engine_version", "seccomp", "level")
    }
    assert all(check.ok for check in found.checks if check.required)
    assert all(_told(check) and check.detail for check in found.checks)
    assert found.as_json()["checks"][0]["name"] == "bubblewrap"


@pytest.mark.box
def test_without_a_cgroup_the_level_is_c_and_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "ROOT", Path("/nonexistent"))
    found = audit()
    (check,) = [check for check in found.checks if check.name == "cgroup"]
    assert (found.level, check.ok, check.required) == ("C", False, False)
    assert "Delegate=yes" in check.remedy


@pytest.mark.parametrize(("level", "tells"), [("B1", True), ("B", False)])
def test_what_would_give_a_stronger_level_is_said_where_one_can_be_had(
    monkeypatch: pytest.MonkeyPatch, level: str, *, tells: bool
) -> None:
    found = SimpleNamespace(source="cgroup", level=level, remove=lambda: None)
    monkeypatch.setattr(cgroup, "open_cgroup", lambda _: found)
    check = doctor._cgroup()
    assert (check.ok, "systemd.unified_cgroup_hierarchy=1" in check.detail) == (True, tells)


@pytest.mark.box
def test_state_that_boxes_would_show_is_named_with_its_remedy_and_there_is_no_level() -> None:
    found = audit(state={"ASSAY_HOME": Path("/usr/local/assay")})
    (check,) = [check for check in found.checks if check.name == "state"]
    assert (found.level, check.ok, check.required) == (None, False, True)
    assert "ASSAY_HOME is at /usr/local/assay, and every box shows /usr" in check.detail
    assert "set ASSAY_HOME to a path outside of /usr" in check.remedy


@pytest.mark.parametrize("python", [Path("/nonexistent/python3"), Path("/bin/false"), Path("/bin/echo")], ids=str)
def test_without_an_interpreter_there_is_no_level_and_no_canary(python: Path) -> None:
    found = audit(python)
    assert found.level is None
    assert [check.name for check in found.checks] == NAMES[:-2]
    assert not found.checks[-1].ok
    assert "ASSAY_PYTHON" in found.checks[-1].remedy


@pytest.mark.parametrize(("files", "ok", "detail"), USER_NAMESPACES.values(), ids=USER_NAMESPACES.keys())
def test_user_namespaces_are_judged_by_what_the_kernel_says(
    tmp_path: Path,
    files: dict[str, str],
    ok: bool,  # noqa: FBT001 - a row
    detail: str,
) -> None:
    check = doctor._user_namespaces(_proc(tmp_path, files))
    assert check.ok is ok
    assert detail in check.detail
    assert _told(check)


@pytest.mark.parametrize(("files", "ok"), APPARMOR.values(), ids=APPARMOR.keys())
def test_apparmor_is_a_hint_and_no_verdict(tmp_path: Path, files: dict[str, str], ok: bool) -> None:  # noqa: FBT001 - a row
    check = doctor._apparmor(_proc(tmp_path, files))
    assert check.ok is ok
    assert check.required is ok
    assert _told(check)


@pytest.mark.parametrize("said", [None, "", "log allow\n", "kill_thread errno allow\n"], ids=repr)
def test_a_kernel_that_cannot_filter_is_named(tmp_path: Path, said: str | None) -> None:
    proc = _proc(tmp_path, {} if said is None else {"sys/kernel/seccomp/actions_avail": said})
    check = doctor._guard("seccomp", lambda: doctor._seccomp(proc))
    assert (check.ok, check.remedy) == (False, doctor.SECCOMP_REMEDY)


def test_a_lack_is_reported_with_its_own_remedy() -> None:
    def missing() -> str:
        raise NoIsolation("the part is missing", "fetch the part")

    assert doctor._guard("part", missing) == Check(
        "part", ok=False, detail="the part is missing", remedy="fetch the part"
    )


@pytest.mark.parametrize(("uid_map", "ok"), UID_MAPS.values(), ids=UID_MAPS.keys())
def test_root_needs_the_user_ids_of_the_slots(tmp_path: Path, uid_map: str, ok: bool) -> None:  # noqa: FBT001 - a row
    check = doctor._own_user(0, _proc(tmp_path, {"self/uid_map": uid_map}))
    assert check.ok is ok
    assert _told(check)


def test_an_ordinary_user_is_told_what_root_would_have() -> None:
    check = doctor._own_user(1000)
    assert (check.ok, check.required) == (False, False)
    assert "root" in check.remedy


@pytest.mark.box
def test_a_box_that_is_not_sealed_has_no_level(strongest: Strongest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CANARY", b"print('a socket could be made')")
    check, isolation = doctor._canary(strongest.environment)
    assert (check.ok, isolation) == (False, {})
    assert "not sealed" in check.detail
    assert _told(check)


@pytest.mark.box
def test_a_folder_that_the_boxs_user_cannot_reach_is_named_with_its_remedy(
    root: None, strongest: Strongest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    check, isolation = doctor._canary(strongest.environment)
    assert (check.ok, isolation) == (False, {})
    assert str(tmp_path) in check.detail
    assert "TMPDIR" in check.remedy


@pytest.mark.box
def test_a_canary_that_cannot_start_has_no_level_but_a_remedy() -> None:
    check, isolation = doctor._canary(Environment("python", "sha256:none", "/bin/false"))
    assert (check.ok, isolation) == (False, {})
    assert "could not compile" in check.detail
    assert _told(check)
