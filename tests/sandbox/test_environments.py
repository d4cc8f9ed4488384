"""The environment `python`: which interpreter it is, and a digest that moves with every file of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import NoIsolation, Sandbox, environments, host_python, metamath
from tests.sandbox.boxes import a_job

if TYPE_CHECKING:
    from collections.abc import Iterator

LANDMARKS = ("os.py", "encodings", "codecs.py", "abc.py", "io.py", "site.py", "stat.py", "posixpath.py", "genericpath.py",
             "_collections_abc.py", "lib-dynload", "json", "re", "enum.py", "types.py", "operator.py", "keyword.py",
             "collections", "functools.py", "reprlib.py", "sysconfig.py", "platform.py", "copyreg.py", "py_compile.py",
             "importlib", "warnings.py", "contextlib.py", "threading.py", "_weakrefset.py", "tokenize.py", "token.py",
             "_sitebuiltins.py", "subprocess.py", "signal.py", "struct.py", "selectors.py", "traceback.py", "linecache.py",
             "textwrap.py", "errno.py", "fnmatch.py", "ntpath.py", "locale.py", "bisect.py", "heapq.py", "weakref.py",
             "random.py", "hashlib.py", "tempfile.py", "shutil.py", "ctypes", "socket.py", "__future__.py", "typing.py",
             "argparse.py", "optparse.py", "gettext.py", "pathlib.py", "urllib", "ipaddress.py", "dis.py", "opcode.py",
             "inspect.py", "ast.py", "zipfile.py", "datetime.py", "string.py")  # fmt: skip


@pytest.fixture
def prefix() -> Iterator[Path]:
    """Make a small interpreter of its own, in a folder that everybody may read: below /tmp, where the scratch will be."""
    folder = Path(tempfile.mkdtemp(prefix="assay-prefix-"))
    folder.chmod(0o755)
    system = Path(host_python().interpreter)
    version = system.name
    library = Path(f"/usr/lib/{version}")
    (folder / "bin").mkdir()
    shutil.copy(system, folder / "bin" / version)
    target = folder / "lib" / version
    target.mkdir(parents=True)
    for name in LANDMARKS:
        source = library / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target / name)
    for path in library.glob("_sysconfigdata*.py"):
        shutil.copy(path, target / path.name)
    (folder / "bin" / "python3").symlink_to(version)
    yield folder
    shutil.rmtree(folder)


def _python(prefix: Path) -> Path:
    return prefix / "bin" / "python3"


def _library(prefix: Path) -> Path:
    (found,) = (prefix / "lib").iterdir()
    return found


def test_the_digest_is_the_same_until_a_file_of_the_library_changes(prefix: Path) -> None:
    first = host_python(_python(prefix))
    assert host_python(_python(prefix)).digest == first.digest
    assert first.interpreter.startswith(str(prefix))
    with (_library(prefix) / "random.py").open("a") as file:
        file.write("\n# changed\n")
    assert host_python(_python(prefix)).digest != first.digest


@pytest.mark.parametrize("change", ["add", "remove", "interpreter", "extension"])
def test_every_kind_of_change_is_a_new_digest(prefix: Path, change: str) -> None:
    before = host_python(_python(prefix)).digest
    library = _library(prefix)
    if change == "add":
        (library / "added.py").write_text("")
    elif change == "remove":
        (library / "string.py").unlink()
    elif change == "interpreter":
        with _python(prefix).resolve().open("ab") as file:
            file.write(b"\0")
    else:
        with min((library / "lib-dynload").iterdir()).open("ab") as file:
            file.write(b"\0")
    assert host_python(_python(prefix)).digest != before


def test_what_is_no_part_of_the_library_does_not_move_the_digest(prefix: Path) -> None:
    before = host_python(_python(prefix)).digest
    for folder in ("__pycache__", "site-packages", "dist-packages"):
        (_library(prefix) / folder).mkdir(exist_ok=True)
        (_library(prefix) / folder / "x.py").write_text("")
    assert host_python(_python(prefix)).digest == before


def test_the_digest_covers_the_interpreters_shared_library() -> None:
    script = "import sysconfig; print('/'.join(map(str, sysconfig.get_config_vars('LIBDIR', 'INSTSONAME'))))"
    said = subprocess.run([host_python().interpreter, "-c", script], capture_output=True, check=True, text=True).stdout
    shared = Path(said.strip())
    files = environments._files(Path("/bin/sh"), Path("/nonexistent"), shared)
    assert (shared in files) is shared.is_file()


def test_the_digest_is_kept_by_fingerprint_and_found_again(prefix: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = host_python(_python(prefix), cache)
    kept = json.loads((cache / "python.json").read_text())
    assert kept["digest"] == first.digest
    (cache / "python.json").write_text(json.dumps({**kept, "digest": "sha256:from-the-cache"}))
    assert host_python(_python(prefix), cache).digest == "sha256:from-the-cache"


def test_a_change_that_keeps_size_and_time_is_seen_all_the_same(prefix: Path, tmp_path: Path) -> None:
    first = host_python(_python(prefix), tmp_path)
    path = _library(prefix) / "random.py"
    found = path.stat()
    text = path.read_bytes()
    path.write_bytes(text[:-2] + b"#\n")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert path.stat().st_size == found.st_size
    assert host_python(_python(prefix), tmp_path).digest != first.digest


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"fingerprint": 1}'], ids=repr)
def test_a_damaged_cache_is_as_none(prefix: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "python.json").write_text(text)
    assert host_python(_python(prefix), tmp_path).digest == host_python(_python(prefix)).digest


def test_a_cache_that_cannot_be_written_does_no_harm(prefix: Path) -> None:
    assert host_python(_python(prefix), Path("/proc/nowhere")).digest == host_python(_python(prefix)).digest


@pytest.mark.box
def test_an_interpreter_from_elsewhere_runs_in_the_box_and_only_its_own_files_come_with_it(prefix: Path) -> None:
    (prefix / "diary.txt").write_text("private")
    environment = host_python(_python(prefix))
    assert environment.mounts == (environment.interpreter, str(prefix / "lib"))
    script = "import sys, os, random; print(sys.executable, random.__file__, *sorted(os.listdir(sys.prefix)))"
    with Sandbox() as box:
        outcome = box.run(a_job(environment, script))
    assert outcome.stderr == b""
    assert outcome.stdout.decode().split() == [
        environment.interpreter, str(_library(prefix) / "random.py"), "bin", "lib",
    ]  # fmt: skip


def test_an_interpreter_that_the_boxs_user_cannot_reach_is_refused(root: None, prefix: Path) -> None:
    prefix.chmod(0o700)
    with pytest.raises(NoIsolation, match=f"{prefix} is closed to the user of the box"):
        host_python(_python(prefix))


@pytest.mark.parametrize("explicit", [Path("/nonexistent"), Path("/bin/false"), Path("/bin/echo"), Path("/")], ids=str)
def test_what_is_no_interpreter_is_refused_and_not_replaced_by_another(explicit: Path) -> None:
    with pytest.raises(NoIsolation, match=r"no Python 3\.11 or newer for the box \(.*ASSAY_PYTHON\)"):
        host_python(explicit)


def test_people_are_told_version_and_machine() -> None:
    described = host_python().describe()
    assert described["implementation"] == "CPython"
    assert set(described) - {"proof"} == {"version", "platform", "machine", "implementation", "cpu"}
    assert described.get("proof") == metamath.facts().get("proof")


def test_a_verifier_is_named_where_it_is_and_nothing_where_it_is_not(tmp_path: Path) -> None:
    told = metamath.facts()["proof"]
    assert (told["backend"], told["assurance"]) == ("metamath", "production")
    assert re.fullmatch(r"0\.\d+", told["lean_version"])
    assert told["lean_commit"] == hashlib.sha256(metamath.PROGRAM.read_bytes()).hexdigest()
    assert metamath.facts(tmp_path / "none") == metamath.facts(Path("/bin/true")) == {}
