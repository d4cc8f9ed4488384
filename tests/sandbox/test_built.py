"""Environments that were built: by the real pip, from wheels of the tests, run in the real box."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import Environment, EnvironmentChanged, Misused, NoIsolation, Sandbox, SandboxFault, host_python
from sandbox.building import build, without_addresses
from sandbox.built import built_names, changes, load, load_all, read_manifest, verify
from sandbox.engine import IMPORT_BYTES_MIN
from sandbox.job import Job, StagedFile
from tests.sandbox.boxes import a_job
from tests.sandbox.wheels import RECIPE, TINY, Shelf, a_shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOMY = {"memory_bytes": IMPORT_BYTES_MIN}


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with a_shelf() as found:
        yield found


def loaded(shelf: Shelf, cache: Path | None = None) -> Environment:
    return load(shelf.base, "tiny", host_python(), cache)


def site_of(shelf: Shelf) -> Path:
    manifest = read_manifest(shelf.base, "tiny")
    assert manifest is not None
    return shelf.base / manifest.folder / "site"


# --- building


def test_what_was_built_has_the_same_digest_elsewhere_and_names_its_packages(shelf: Shelf) -> None:
    first = shelf.build()
    again = Shelf(shelf.wheels, shelf.base.parent / "elsewhere").build()
    assert first.digest == again.digest
    assert first.packages == {"tiny": "1.0"}
    assert loaded(shelf).digest == first.digest
    assert loaded(shelf).describe()["packages"] == {"tiny": "1.0"}


def test_modules_are_compiled_once_and_what_nobody_needs_is_gone(shelf: Shelf) -> None:
    shelf.build()
    site = site_of(shelf)
    assert list(site.glob("tiny/__pycache__/__init__.*.pyc"))
    assert not (site / "tiny/extra").exists()
    assert {oct(path.stat().st_mode & 0o777) for path in site.rglob("*")} == {"0o755", "0o644"}


def test_a_build_of_what_stands_changes_nothing_but_has_workers_look_again(shelf: Shelf) -> None:
    shelf.build()
    seen, before = changes(shelf.base), site_of(shelf).stat().st_ino
    manifest, new = build(shelf.recipe(), shelf.base, host_python(), lambda _step, _share: None)
    assert not new
    assert site_of(shelf).stat().st_ino == before
    assert changes(shelf.base) != seen, "a worker that met a touched file and doubts it must hear that it is as built"
    assert manifest.digest == loaded(shelf).digest


def test_a_build_mends_what_was_changed(shelf: Shelf) -> None:
    digest = shelf.build().digest
    (site_of(shelf) / "tiny/data.txt").write_text("other data\n")
    before = changes(shelf.base)
    assert shelf.build().digest == digest == loaded(shelf).digest
    assert changes(shelf.base) != before


def test_another_version_is_another_environment_and_the_one_before_stays_usable(shelf: Shelf) -> None:
    shelf.build()
    old = loaded(shelf)
    shelf.put("tiny", "2.0", {**TINY, "tiny/__init__.py": "VALUE = 43\n"})
    shelf.build(RECIPE.replace("1.0", "2.0"))
    assert loaded(shelf).digest != old.digest
    assert (Path(old.site) / "tiny/__init__.py").exists()
    shelf.put("tiny", "3.0", TINY)
    shelf.build(RECIPE.replace("1.0", "3.0"))
    assert not Path(old.site).exists(), "only the build before the present one is kept"


def test_a_build_that_fails_leaves_what_stood(shelf: Shelf) -> None:
    digest = shelf.build().digest
    with pytest.raises(SandboxFault, match="could not install the packages: ERROR: Could not find"):
        shelf.build(RECIPE.replace("1.0", "9.9"))
    assert loaded(shelf).digest == digest
    assert built_names(shelf.base) == ["tiny"]
    assert not (shelf.base / ".tiny.part").exists()


def test_what_an_interrupted_build_left_is_in_nobodys_way(shelf: Shelf) -> None:
    (shelf.base / ".tiny.part/site").mkdir(parents=True)
    (shelf.base / ".tiny.part/site/half.py").write_text("1 +")
    shelf.build()
    assert not (site_of(shelf) / "half.py").exists()


def test_a_damaged_manifest_is_mended_by_a_build(shelf: Shelf) -> None:
    digest = shelf.build().digest
    (shelf.base / "tiny.json").write_text("{}")
    assert shelf.build().digest == digest == loaded(shelf).digest


@pytest.mark.box
def test_what_cannot_be_imported_is_given_no_name(shelf: Shelf) -> None:
    shelf.put("tiny", "1.1", {"tiny/__init__.py": "raise ImportError('a part is missing')"})
    with pytest.raises(SandboxFault, match=r"cannot be imported: ImportError: a part is missing \(mend "):
        shelf.build(RECIPE.replace("1.0", "1.1"))
    assert built_names(shelf.base) == []


def test_one_build_of_a_name_at_a_time(shelf: Shelf) -> None:
    shelf.base.mkdir()
    with (shelf.base / ".tiny.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SandboxFault, match="is being built already"):
            shelf.build()


def test_a_package_that_nobody_pinned_is_refused(shelf: Shelf) -> None:
    shelf.put("tiny", "1.1", TINY, ["Stray_Name", "another"])
    shelf.put("Stray_Name", "0.5", {"stray.py": ""})
    shelf.put("another", "2", {"another.py": ""})
    said = r"does not pin another, stray-name, .* \(add `another==2`, `stray-name==0.5` and the licences\)"
    with pytest.raises(Misused, match=said):
        shelf.build(RECIPE.replace("1.0", "1.1"))
    assert built_names(shelf.base) == []


def test_a_package_that_would_run_a_program_to_be_installed_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    source = tmp_path / "wild-1.0"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with tarfile.open(shelf.wheels / "wild-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "wild-1.0")
    with pytest.raises(SandboxFault, match="could not install the packages"):
        shelf.build("wild==1.0\n")
    assert not (tmp_path / "ran").exists()


def test_a_comment_that_hides_lines_for_an_installer_runs_nothing(shelf: Shelf, tmp_path: Path) -> None:
    source, ran = tmp_path / "source", tmp_path / "ran"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(ran)!r}, 'w')\n")
    hidden = f"# words+AAo---no-binary tiny+AAo-{source}"  # after a line that names utf-7 these are three lines for pip
    manifest = shelf.build(f"# -*- coding: utf-7 -*-\n{hidden}\n{RECIPE}")
    assert manifest.packages == {"tiny": "1.0"}
    assert not ran.exists()
    assert sorted(path.name for path in (shelf.base / manifest.folder).iterdir()) == ["files.json", "site"]


def test_a_fault_names_no_index(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:hunter2@127.0.0.1:1/inner/simple")
    with pytest.raises(SandboxFault) as caught:
        shelf.build("absent==1.0\n")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_addresses_are_taken_out_of_what_is_said() -> None:
    said = "Looking in https://inner.example/simple/ (host='inner.example', port=443) file:///srv/wheels"
    assert without_addresses(said) == "Looking in the index (host='the index', port=443) the index"
    said = "Location 'file:///srv/wheels' is ignored: http://a:b'c@inner.example/x"
    assert without_addresses(said) == "Location 'the index' is ignored: the index"


def test_where_there_is_no_room_nothing_is_begun(shelf: Shelf) -> None:
    with pytest.raises(SandboxFault, match=r"9999 GiB are needed below .*, and [0-9.]+ GiB are free"):
        shelf.build(f"#: room 9999 GiB\n{RECIPE}")


def test_a_place_that_is_closed_to_the_boxs_user_is_refused_before_anything(root: None, shelf: Shelf) -> None:
    shelf.base.mkdir(mode=0o700)
    with pytest.raises(NoIsolation, match=r"is closed to the user of the box .*ASSAY_ENVIRONMENTS"):
        shelf.build()


# --- whether it is still what was built


def _touch_nothing_but_contents(path: Path) -> None:
    found = path.stat()
    path.write_bytes(path.read_bytes()[:-2] + b"#\n")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "contents": (
        lambda site: _touch_nothing_but_contents(site / "tiny/data.txt"),
        "tiny/data.txt changed its contents",
    ),
    "bytecode": (
        lambda site: _touch_nothing_but_contents(next(site.glob("tiny/__pycache__/*.pyc"))),
        r"tiny/__pycache__/__init__\S+ changed its contents",
    ),
    "added": (lambda site: (site / "tiny/more.py").write_text(""), "tiny/more.py was added"),
    "removed": (lambda site: (site / "tiny/data.txt").unlink(), "tiny/data.txt is missing"),
    "mode": (
        lambda site: (site / "tiny/data.txt").chmod(0o755),
        "tiny/data.txt changed its kind, from file to program",
    ),
    "link": (
        lambda site: ((site / "tiny/data.txt").unlink(), (site / "tiny/data.txt").symlink_to("/etc/hostname")),
        "tiny/data.txt changed its kind, from file to link",
    ),
    "empty folder": (lambda site: (site / "tiny/void").mkdir(), "tiny/void was added"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_found_and_named(
    shelf: Shelf, tmp_path: Path, change: Callable[[Path], object], said: str
) -> None:
    digest = shelf.build().digest
    loaded(shelf, tmp_path)
    change(site_of(shelf))
    with pytest.raises(EnvironmentChanged, match=rf"the environment tiny was changed: {said} \(run `assay env build"):
        loaded(shelf, tmp_path)
    _, now, wrong = verify(shelf.base, "tiny", host_python())
    assert now != digest
    assert len(wrong) == 1


def test_times_are_no_part_of_a_digest(shelf: Shelf) -> None:
    digest = shelf.build().digest
    for path in site_of(shelf).rglob("*"):
        os.utime(path, (1, 1))
    assert loaded(shelf).digest == digest


def test_a_digest_is_found_again_by_fingerprint(shelf: Shelf, tmp_path: Path) -> None:
    shelf.build()
    loaded(shelf, tmp_path)
    kept = tmp_path / "environment-tiny.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "digest": "sha256:from-the-cache"}))
    assert loaded(shelf, tmp_path).digest == "sha256:from-the-cache"
    _touch_nothing_but_contents(site_of(shelf) / "tiny/data.txt")
    with pytest.raises(EnvironmentChanged):
        loaded(shelf, tmp_path)


def test_after_an_upgrade_of_the_system_it_is_another_digest_without_a_build(shelf: Shelf, tmp_path: Path) -> None:
    digest = shelf.build().digest
    loaded(shelf, tmp_path)
    upgraded = replace(host_python(), digest="sha256:" + "0" * 64)
    assert load(shelf.base, "tiny", upgraded, tmp_path).digest not in {digest, upgraded.digest}
    assert verify(shelf.base, "tiny", upgraded)[2] == []


@pytest.mark.parametrize("detail", [{"version": "3.99.1"}, {"machine": "pdp11"}], ids=str)
def test_for_another_interpreter_it_is_of_no_use(shelf: Shelf, detail: dict[str, str]) -> None:
    shelf.build()
    python = host_python()
    with pytest.raises(EnvironmentChanged, match="was built for Python"):
        load(shelf.base, "tiny", replace(python, detail={**python.detail, **detail}))


def test_a_digest_that_is_not_that_of_the_files_is_not_believed(shelf: Shelf) -> None:
    manifest = shelf.build()
    replace(manifest, digest="sha256:" + "0" * 64).write(shelf.base)
    with pytest.raises(EnvironmentChanged, match="the manifest does not belong to the files"):
        loaded(shelf)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}'], ids=repr)
def test_a_damaged_manifest_takes_nobody_else_away(shelf: Shelf, text: str) -> None:
    shelf.build()
    (shelf.base / "other.json").write_text(text)
    found, wrong = load_all(shelf.base, host_python())
    assert [item.name for item in found] == ["tiny"]
    assert list(wrong) == ["other"]
    assert "other.json is no manifest of this version (run `assay env build other --from FILE`)" in wrong["other"]


def test_one_that_was_never_built_is_named_with_its_remedy(shelf: Shelf) -> None:
    with pytest.raises(
        SandboxFault, match=r"there is no environment 'tiny' below .* \(run `assay env build tiny --from FILE`\)"
    ):
        loaded(shelf)


# --- in the box


def _found(box: Sandbox, environment: Environment, script: str, **limits: int) -> str:
    outcome = box.run(a_job(environment, script, **limits))
    assert outcome.stderr == b""
    return outcome.stdout.decode().strip()


@pytest.mark.box
def test_a_script_imports_what_was_built_after_the_library_and_cannot_write_there(shelf: Shelf) -> None:
    shelf.put("tiny", "1.1", {**TINY, "json.py": "raise RuntimeError('not the library')\n"})
    shelf.build(RECIPE.replace("1.0", "1.1"))
    script = """
import json, sys, tiny.deep
print(tiny.deep.answer(), tiny.__file__, tiny.__cached__, sys.path[-2:])
try: open('/site/tiny/data.txt', 'a')
except OSError as error: print('refused')
print([line.split()[3].split(',')[0] for line in open('/proc/self/mounts') if ' /site ' in line])
"""
    with Sandbox() as box:
        said = _found(box, loaded(shelf), script).splitlines()
    assert said[0].startswith("42 /site/tiny/__init__.py /site/tiny/__pycache__/__init__.cpython-")
    assert said[0].endswith("['/site', '/job']")
    assert said[1:] == ["refused", "['ro']"]


@pytest.mark.box
def test_a_run_of_python_sees_nothing_of_it(shelf: Shelf) -> None:
    shelf.build()
    with Sandbox() as box:
        assert _found(
            box, host_python(), "import os; print(os.path.exists('/site'), 'HF_HUB_OFFLINE' in os.environ)"
        ) == ("False False")


@pytest.mark.box
@pytest.mark.parametrize("change", ["changed", "gone"])
def test_after_a_change_nothing_is_executed(shelf: Shelf, change: str) -> None:
    shelf.build()
    environment = loaded(shelf)
    with Sandbox(ahead=1) as box:
        assert _found(box, environment, "import tiny; print(tiny.VALUE)") == "42"
        if change == "changed":
            _touch_nothing_but_contents(site_of(shelf) / "tiny/data.txt")
        else:
            shutil.rmtree(site_of(shelf))
        with pytest.raises(EnvironmentChanged, match="the environment tiny") as caught:
            box.run(a_job(environment, "import tiny; print(tiny.VALUE)"))
    assert str(shelf.base) not in str(caught.value), "who submits a claim need not know where it lies"


@pytest.mark.box
def test_a_change_while_a_program_runs_leaves_no_outcome(shelf: Shelf) -> None:
    shelf.build()
    environment = loaded(shelf)
    begun = []

    def change(_: object) -> bool:
        if not begun:
            begun.append(True)
            shutil.rmtree(site_of(shelf) / "tiny")
        return True

    script = "import time; time.sleep(1.5); import tiny"
    with Sandbox() as box, pytest.raises(EnvironmentChanged, match="the environment tiny was changed"):
        box.run(a_job(environment, script), change)
    assert begun


@pytest.mark.box
def test_a_box_made_ahead_has_imported_what_the_environment_names(shelf: Shelf) -> None:
    shelf.build()
    environment = loaded(shelf)
    script = "import sys; print('tiny' in sys.modules, sys.argv)"
    with Sandbox(ahead=1) as box:
        runs = [box.run(a_job(environment, script, **ROOMY)) for _ in range(3)]
    assert [run.stdout for run in runs] == [b"False ['/job/script.py']\n"] + [b"True ['/job/script.py']\n"] * 2
    assert [run.isolation["start"] for run in runs] == ["cold", "prepared", "prepared"]
    assert [run.isolation.get("imported") for run in runs] == [None, ["tiny"], ["tiny"]]


@pytest.mark.box
def test_a_job_that_wants_nothing_imported_gets_a_box_without(shelf: Shelf) -> None:
    shelf.build()
    environment = loaded(shelf)
    script = b"import os; os.environ['TINY_SETTING'] = 'set'; import tiny; print(tiny.SEEN)"
    plain = Job(environment, ("/job/s.py",), (StagedFile("/job/s.py", script),), plain=True, **ROOMY)  # type: ignore[arg-type]
    with Sandbox(ahead=1) as box:
        box.run(replace(plain, plain=False))
        assert box.run(replace(plain, plain=False)).stdout == b"unset\n", "too late, which is why there is `plain`"
        runs = [box.run(plain) for _ in range(2)]
    assert [run.stdout for run in runs] == [b"set\n"] * 2
    assert [run.isolation["start"] for run in runs] == ["cold", "prepared"]
    assert all("imported" not in run.isolation for run in runs)


@pytest.mark.box
@pytest.mark.parametrize("text", ["raise ImportError('broken')", "raise SystemExit(3)", "import os; os.abort()"])
def test_a_module_that_cannot_be_imported_ahead_costs_no_run(shelf: Shelf, text: str) -> None:
    shelf.put("tiny", "1.1", {"tiny/__init__.py": text})
    shelf.build("tiny==1.1\n")
    environment = replace(loaded(shelf), imports=("tiny",))
    with Sandbox(ahead=1) as box:
        runs = [box.run(a_job(environment, "print(1)", **ROOMY)) for _ in range(3)]
    assert [(run.kind, run.stdout, run.isolation["start"]) for run in runs] == [("exited", b"1\n", "cold")] * 3


@pytest.mark.box
def test_an_import_that_takes_too_long_costs_no_run(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.watch.MAKING_SECONDS_MAX", 3)
    slow = "import time; time.sleep(60)\n"
    shelf.put("tiny", "1.1", {"tiny/__init__.py": slow})
    shelf.build("tiny==1.1\n")
    environment = replace(loaded(shelf), imports=("tiny",))
    with Sandbox(ahead=1) as box:
        runs = [box.run(a_job(environment, "print(1)", **ROOMY)) for _ in range(2)]
    assert [(run.kind, run.stdout, run.isolation["start"]) for run in runs] == [("exited", b"1\n", "cold")] * 2


@pytest.mark.box
def test_with_little_memory_nothing_is_imported_ahead(shelf: Shelf) -> None:
    shelf.build()
    environment = loaded(shelf)
    with Sandbox(ahead=1) as box:
        runs = [box.run(a_job(environment, "pass", memory_bytes=IMPORT_BYTES_MIN - 1)) for _ in range(2)]
    assert runs[1].isolation["start"] == "prepared"
    assert "imported" not in runs[1].isolation


@pytest.mark.box
def test_what_is_imported_ahead_is_not_the_runs_time(shelf: Shelf) -> None:
    busy = "import time\nuntil = time.process_time() + 1.2\nwhile time.process_time() < until: pass\n"
    shelf.put("tiny", "1.1", {"tiny/__init__.py": busy})
    shelf.build(RECIPE.replace("1.0", "1.1"))
    environment = loaded(shelf)
    with Sandbox(ahead=1) as box:
        runs = [box.run(a_job(environment, "import tiny", cpu_ms=1_000, **ROOMY)) for _ in range(2)]
    assert [(run.kind, run.clock) for run in runs] == [("timeout", "cpu"), ("exited", None)]
    assert runs[1].isolation["imported"] == ["tiny"]


@pytest.mark.box
def test_evidence_says_what_a_run_ran_in(shelf: Shelf) -> None:
    shelf.build()
    with Sandbox() as box:
        said = box.run(a_job(loaded(shelf), "pass")).isolation["environment"]
    assert (said["name"], said["packages"], said["imports"]) == ("tiny", {"tiny": "1.0"}, ["tiny"])
    assert said["settings"]["PYTHONHASHSEED"] == "0"
    assert said["settings"]["TRANSFORMERS_OFFLINE"] == "1"
    assert {"version", "machine", "cpu"} <= said.keys()
