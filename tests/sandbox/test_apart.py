"""State of the service that lies where boxes show the host is refused: a program could read it."""

from __future__ import annotations

import ast
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import NoIsolation, host_python, plan
from sandbox.apart import require_apart
from tests.sandbox.boxes import as_ordinary_user, copy_of_sandbox
from tests.sandbox.values import MERGED, PYTHON, STAGING, a_job

#: An ordinary user keeps a key of mode 0600 in a folder of mode 0700, below one that boxes show, and runs a script.
READ_A_KEY = """
import pathlib, shutil, tempfile
from dataclasses import replace
from sandbox import Job, NoIsolation, Sandbox, StagedFile, host_python
from sandbox.apart import require_apart

folder = pathlib.Path(tempfile.mkdtemp())
home = folder / "shown" / "home"
(folder / "shown").mkdir()
home.mkdir(mode=0o700)
key = home / "judge-key.pem"
key.touch(mode=0o600)
key.write_text("SECRET")
python = host_python()
shows = replace(python, mounts=(*python.mounts, str(folder / "shown")))
script = StagedFile("/job/script.py", f"print(open({str(key)!r}).read())".encode())
with Sandbox() as box:
    found = box.run(Job(shows, ("/job/script.py",), (script,), wall_ms=20_000, cpu_ms=10_000))
try:
    require_apart({"ASSAY_HOME": home}, shows)
    refused = ""
except NoIsolation as error:
    refused = str(error)
require_apart({"ASSAY_HOME": home}, python)
shutil.rmtree(folder)
print({"read": found.stdout, "refused": refused, "key": str(key), "place": str(folder / "shown")})
"""


@pytest.mark.box
def test_a_key_that_boxes_show_is_read_by_a_script_and_refused_before() -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy_of_sandbox(Path(folder))
        started = as_ordinary_user([str(host_python().interpreter), "-B", "-c", READ_A_KEY], Path(folder))
        said, _ = started.communicate(timeout=60)
    found = ast.literal_eval(said)
    assert found["read"] == b"SECRET\n"
    assert found["refused"].startswith(
        f"ASSAY_HOME is at {Path(found['key']).parent}, and every box shows {found['place']}"
    )
    assert f"set ASSAY_HOME to a path outside of {found['place']}" in found["refused"]


@pytest.mark.parametrize("name", ["ASSAY_HOME", "ASSAY_SIGNING_KEY", "ASSAY_DATABASE_URL"])
def test_what_lies_below_usr_is_refused_with_its_setting(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoIsolation, match=f"^{name} is at /usr/local/none, and every box shows /usr "):
        require_apart({"ASSAY_BLOBS": tmp_path, name: Path("/usr/local/none")})
    require_apart({"ASSAY_BLOBS": tmp_path, name: tmp_path / "usr" / "local"})


def test_links_are_followed_to_it_and_to_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr/share")
    with pytest.raises(NoIsolation, match="ASSAY_HOME"):
        require_apart({"ASSAY_HOME": tmp_path / "link" / "none"})
    (tmp_path / "real").mkdir()
    (tmp_path / "shown").symlink_to(tmp_path / "real")
    environment = replace(PYTHON, mounts=(str(tmp_path / "shown"),))
    with pytest.raises(NoIsolation, match="ASSAY_HOME"):
        require_apart({"ASSAY_HOME": tmp_path / "real" / "home"}, environment)
    require_apart({"ASSAY_HOME": tmp_path / "home"}, environment)


def test_the_folder_of_temporary_files_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of all runs are staged there."""
    monkeypatch.setattr(tempfile, "tempdir", "/usr/share")
    with pytest.raises(NoIsolation, match=r"^TMPDIR is at /usr/share, "):
        require_apart({})


def test_what_is_looked_at_is_what_the_arguments_mount() -> None:
    host = replace(MERGED, folders=("/lib", "/opt/lib"))
    environment = replace(PYTHON, mounts=("/opt/python",), site="/srv/site")
    arguments = plan.bwrap_arguments(a_job(environment=environment).shape, host, STAGING, "/programs", 3)
    mounted = {arguments[at + 1] for at, word in enumerate(arguments) if word == "--ro-bind"}
    of_the_job = {"/programs", str(STAGING.inputs), str(STAGING.job), "/etc/ld.so.cache", "/dev/null"}
    assert mounted - of_the_job == set(plan.shown(host, environment))
