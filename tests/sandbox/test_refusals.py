"""A host that cannot seal runs nothing: every lack is a refusal with a reason, never a run without protection.

Each lack is real: the supervisor is started, as an ordinary user, in a world in which the thing is missing.
"""

from __future__ import annotations

import ast
import os
import platform
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import LEVELS, NoIsolation, Sandbox, SandboxFault, cgroup, host, host_python, makers, plan, seccomp
from sandbox.host import LEVEL_REMEDIES
from sandbox.makers import SECCOMP_FD
from sandbox.plan import bwrap_arguments
from tests.sandbox.boxes import ORDINARY_USER, SCRIPT, a_job, copy_of_sandbox
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.boxes import Strongest

pytestmark = pytest.mark.box

#: Tries a run that would leave a mark, then audits; prints what came of both.
ATTEMPT = """
import sys
from sandbox import Job, Sandbox, SandboxFault, StagedFile, host_python
from sandbox.doctor import audit
script = b"print('it ran')"
try:
    with Sandbox() as box:
        said = box.run(Job(host_python(), ("/job/x.py",), (StagedFile("/job/x.py", script),))).stdout.decode()
except SandboxFault as fault:
    said = f"{type(fault).__name__}: {fault}"
found = audit()
print(repr({"said": said, "level": found.level, "lacks": {c.name: c.remedy for c in found.checks if not c.ok}}))
"""
#: Lets the kernel refuse a filter from here on, as one without CONFIG_SECCOMP_FILTER would.
NO_FILTER = """
import ctypes, struct, sys
code = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
program = Program(len(code) // 8, code)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program)) == 0
"""
PRCTL = {"x86_64": 157, "aarch64": 167}
SECCOMP = {"x86_64": 317, "aarch64": 277}
PR_SET_SECCOMP = 22
EINVAL = 0x00050000 | 22


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Path]:
    """Make a folder, readable to everybody, with a copy of the sandbox."""
    folder = Path(tempfile.mkdtemp(prefix="assay-refusals-"))
    copy_of_sandbox(folder)
    yield folder
    shutil.rmtree(folder)


def _attempt(folder: Path, *world: str, code: str = ATTEMPT, arguments: tuple[str, ...] = ()) -> dict[str, object]:
    """Try a run inside of a world, a command that is put before the interpreter's."""
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        user = {"user": ORDINARY_USER, "group": ORDINARY_USER, "extra_groups": []}
    done = subprocess.run(
        [*world, host_python().interpreter, "-B", "-c", code, *arguments],
        env={"PYTHONPATH": str(folder), "PATH": os.defpath},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **user,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = ast.literal_eval(done.stdout)
    return found


def test_in_the_plain_world_the_attempt_runs(elsewhere: Path) -> None:
    """The control of the tests below."""
    found = _attempt(elsewhere)
    assert (found["said"], found["level"]) == ("it ran\n", "C")
    assert set(found["lacks"]) <= {"cgroup", "own user", "AppArmor"}


def test_without_bubblewrap_nothing_runs(elsewhere: Path) -> None:
    places = {str(Path(path).resolve()) for path in ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")}
    hidden = [word for path in places if Path(path).exists() for word in ("--ro-bind", "/dev/null", path)]
    found = _attempt(elsewhere, "bwrap", "--dev-bind", "/", "/", *hidden)
    assert found["said"] == "NoIsolation: bubblewrap is not installed (apt-get install bubblewrap)"
    assert found["level"] is None
    assert found["lacks"]["bubblewrap"] == "apt-get install bubblewrap"
    assert "canary" in found["lacks"]


def test_without_user_namespaces_nothing_runs(elsewhere: Path) -> None:
    found = _attempt(elsewhere, "bwrap", "--dev-bind", "/", "/", "--unshare-user", "--disable-userns")
    assert str(found["said"]).startswith("NoIsolation: the box could not be made: bwrap: ")
    assert found["level"] is None
    assert "max_user_namespaces" in found["lacks"]["canary"]


def test_without_a_filter_of_system_calls_nothing_runs(elsewhere: Path) -> None:
    machine = platform.machine()
    load, equal, answer = 0x20, 0x15, 0x06
    code = [
        (load, 0, 0, 0),
        (equal, 4, 0, SECCOMP[machine]),
        (equal, 0, 2, PRCTL[machine]),
        (load, 0, 0, 16),
        (equal, 1, 0, PR_SET_SECCOMP),
        (answer, 0, 0, 0x7FFF0000),
        (answer, 0, 0, EINVAL),
    ]
    program = b"".join(struct.pack("<HBBI", *line) for line in code)
    found = _attempt(elsewhere, code=NO_FILTER + ATTEMPT, arguments=(program.hex(),))
    assert str(found["said"]).startswith("NoIsolation: the box could not be made: bwrap: ")
    assert "SECCOMP" in str(found["said"])
    assert found["level"] is None
    assert "CONFIG_SECCOMP_FILTER" in found["lacks"]["canary"]


@pytest.mark.parametrize(
    "options",
    [[], ["--seccomp", str(SECCOMP_FD)]],
    ids=["no filter", "a filter that lets everything pass, as that of a container"],
)
def test_a_box_whose_filter_is_not_ours_starts_no_program(
    strongest: Strongest, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    def without(*known: object) -> list[str]:
        return [word for word in bwrap_arguments(*known) if word not in {"--seccomp", str(SECCOMP_FD)}] + options  # type: ignore[arg-type]

    allow_all = struct.pack("<HBBI", 6, 0, 0, seccomp.ALLOW)
    monkeypatch.setattr(makers, "bwrap_arguments", without)
    monkeypatch.setattr(seccomp, "program", lambda: allow_all)
    with Sandbox() as box, pytest.raises(NoIsolation, match="runner: there is no filter of system calls on the box"):
        box.run(a_job(strongest.environment, "print('it ran')"))


def test_a_refusal_that_no_filter_made_does_not_pass_for_ours(
    strongest: Strongest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the filter refuses may be refused by others; here the folder is closed to its owner."""
    if "\nSeccomp:\t2\n" in Path("/proc/self/status").read_text():
        refuse_to_skip("the tests themselves have a filter, as every process in a container")

    def closed(*known: object) -> list[str]:
        words = [word for word in bwrap_arguments(*known) if word not in {"--seccomp", str(SECCOMP_FD)}]  # type: ignore[arg-type]
        return [*words, "--perms", "0555", "--dir", "/tmp/.assay"]

    monkeypatch.setattr(plan, "RESULT", "/tmp/elsewhere/result.json")
    monkeypatch.setattr(makers, "bwrap_arguments", closed)
    with Sandbox() as box, pytest.raises(NoIsolation, match="runner: there is no filter of system calls on the box"):
        box.run(a_job(strongest.environment, "print('it ran')"))


def test_a_masked_proc_is_named_with_its_remedy(elsewhere: Path) -> None:
    """As in a container whose /proc is partly covered: the kernel then refuses a new one."""
    world = ("bwrap", "--unshare-user", "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc",
             "--ro-bind", "/dev/null", "/proc/uptime")  # fmt: skip
    found = _attempt(elsewhere, *world)
    if found["level"] is not None:
        refuse_to_skip("this kernel mounts a new /proc beside a covered one")
    assert "NoIsolation: the box could not be made: bwrap: " in str(found["said"])
    assert "systempaths=unconfined" in found["lacks"]["canary"]


def test_a_machine_without_a_table_of_system_calls_runs_nothing(elsewhere: Path) -> None:
    foreign = "import platform; platform.machine = lambda: 'riscv64'\n"
    found = _attempt(elsewhere, code=foreign + ATTEMPT)
    assert found["said"] == "NoIsolation: there is no seccomp policy for riscv64 (use an x86-64 or arm64 host)"
    assert found["level"] is None
    assert found["lacks"]["seccomp"] == "use an x86-64 or arm64 host"


@pytest.mark.parametrize("version", ["0.7.9", "0.7", ""])
def test_an_old_bubblewrap_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(host, "bwrap_version", lambda: version)
    with pytest.raises(NoIsolation, match=f"bubblewrap {version} is too old, 0.8.0 is needed"):
        host.require_bwrap()


def test_the_version_is_what_the_program_says() -> None:
    said = subprocess.run([host.bwrap_path(), "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"bubblewrap {host.bwrap_version()}\n"


# --- levels


@pytest.mark.parametrize("where", ["the sandbox", "the job"])
def test_a_level_above_the_hosts_is_refused_and_nothing_runs(strongest: Strongest, where: str, tmp_path: Path) -> None:
    job = a_job(strongest.environment, "pass")
    above = LEVELS[LEVELS.index(strongest.level) + 1 :]
    assert above
    ticks: list[object] = []
    for level in above:
        with (
            Sandbox(level if where == "the sandbox" else "C") as box,
            pytest.raises(
                NoIsolation, match=f"level {level} is demanded, this host gives {strongest.level}"
            ) as refused,
        ):
            box.run(job, lambda usage: ticks.append(usage) is None, minimum="C" if where == "the sandbox" else level)
        assert refused.value.remedy == LEVEL_REMEDIES[level]
    assert ticks == []


def test_a_level_that_the_host_has_is_enough(strongest: Strongest) -> None:
    job = a_job(strongest.environment, "print(1)")
    for level in LEVELS[: LEVELS.index(strongest.level) + 1]:
        with Sandbox(level) as box:
            assert box.run(job, minimum=level).stdout == b"1\n"


def test_the_stronger_of_two_demands_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "ROOT", Path("/nonexistent"))
    with Sandbox("B") as box:
        with pytest.raises(NoIsolation, match="level B is demanded, this host gives C"):
            box.run(a_job(host_python(), "pass"), minimum="B1")
        with pytest.raises(NoIsolation, match="level A is demanded, this host gives C"):
            box.run(a_job(host_python(), "pass"), minimum="A")
        assert box.level() == "C"


def test_a_level_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="there is no isolation level 'D'; known: C, B1, B, A"):
        Sandbox("D")


def test_root_without_a_cgroup_runs_at_level_c_under_a_user_of_its_own(
    root: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "ROOT", Path("/nonexistent"))
    with Sandbox() as box:
        outcome = box.run(a_job(host_python(), "print(open('/proc/self/uid_map').read().split()[0])", processes=3))
    assert (outcome.isolation["level"], outcome.isolation["own_user"], outcome.stdout) == ("C", True, b"1000\n")


def test_an_ordinary_users_desktop_does_not_count_against_the_box(root: None, elsewhere: Path) -> None:
    """The kernel counts processes by user; a limit set outside of the box would refuse the box itself."""
    crowd = [
        subprocess.Popen(["sleep", "60"], user=ORDINARY_USER, group=ORDINARY_USER, extra_groups=[]) for _ in range(80)
    ]
    try:
        assert _attempt(elsewhere)["said"] == "it ran\n"
    finally:
        for process in crowd:
            process.kill()
        for process in crowd:
            process.wait()


def test_an_ordinary_users_own_limits_are_kept(elsewhere: Path) -> None:
    """Only root may raise what a host has limited."""
    humble = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))
"""
    assert _attempt(elsewhere, code=humble + ATTEMPT)["said"] == "it ran\n"


def test_the_kernel_is_asked_to_end_a_box_before_its_launcher(strongest: Strongest) -> None:
    script = "for pid in (1, 2, 3): print(open(f'/proc/{pid}/oom_score_adj').read().strip())"
    assert strongest.run(script).stdout == b"1000\n1000\n1000\n"
    launcher = strongest.sandbox._open()[0].launcher.pid
    assert int(Path(f"/proc/{launcher}/oom_score_adj").read_text()) <= 0


def test_a_slot_folder_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sandbox import slot_parts

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(slot_parts, "Path", lambda *parts: tmp_path.joinpath(*(part.lstrip("/") for part in parts)))
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    for base in (tmp_path, tmp_path / "run"):
        (base / f"assay-slots-{os.geteuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SandboxFault, match="belongs to somebody else"):
        slot_parts.lock_free_slot()


def test_when_all_slots_are_taken_that_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from sandbox import slot_parts

    monkeypatch.setattr(slot_parts, "SLOTS_MAX", 0)
    with pytest.raises(SandboxFault, match="all 0 slots of this host are taken"), Sandbox() as box:
        box.run(a_job(host_python(), f"open({SCRIPT!r})"))
