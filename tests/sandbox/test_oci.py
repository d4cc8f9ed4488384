"""The bundle that crun executes: the same box as bubblewrap's, by its document, by its filter, and for real."""

from __future__ import annotations

import ast
import dataclasses
import errno
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.settings import Settings
from app.store.migrate import upgrade
from sandbox import NoIsolation, Sandbox, host, host_python, oci, plan, rules, seccomp
from sandbox.doctor import audit
from tests.sandbox.boxes import HERE, ORDINARY_USER, Oci, a_job, copy_of_sandbox
from tests.sandbox.conftest import refuse_to_skip
from tests.sandbox.test_plan import HOST_VARIANTS, _arguments
from tests.sandbox.test_seccomp import BY_ARGUMENT, MACHINES, REFUSED, UNKNOWN, ask
from tests.sandbox.values import HELD, MERGED, PYTHON, STAGING, law
from tests.sandbox.values import a_job as a_plain_job
from workers.hands import Hands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RO = ["rbind", "ro", "nosuid", "nodev"]
BELOW = [*RO, "rro", "rnosuid", "rnodev"]
SCRATCH = ["nosuid", "nodev", "size=4096", "nr_inodes=65536", "mode=1777"]
GOLDEN: dict[str, Any] = {
    "ociVersion": "1.0.2",
    "root": {"path": "rootfs", "readonly": True},
    "hostname": "sandbox",
    "process": {
        "terminal": False,
        "user": {"uid": 1000, "gid": 1000},
        "args": ["/usr/bin/setpriv", "--pdeathsig", "KILL", *plan.command(PYTHON)],
        "env": [
            "ASSAY_INPUT=/in",
            "ASSAY_OUTPUT=/tmp/output",
            "ASSAY_RESULT=/tmp/.assay/result.json",
            "HOME=/tmp",
            "LANG=C.UTF-8",
            "MKL_NUM_THREADS=2",
            "NUMEXPR_NUM_THREADS=2",
            "OMP_NUM_THREADS=2",
            "OPENBLAS_NUM_THREADS=2",
            "PATH=/usr/bin:/bin",
            "PYTHONHASHSEED=0",
            "TMPDIR=/tmp",
            "TZ=UTC",
        ],
        "cwd": "/tmp",
        "capabilities": {"bounding": [], "effective": [], "inheritable": [], "permitted": [], "ambient": []},
        "noNewPrivileges": True,
    },
    "mounts": [
        {"destination": "/usr", "type": "bind", "source": "/usr", "options": BELOW},
        {"destination": "/assay", "type": "bind", "source": "/host/runner", "options": BELOW},
        {"destination": "/in", "type": "bind", "source": "/host/run/in", "options": BELOW},
        {"destination": "/job", "type": "bind", "source": "/host/run/job", "options": BELOW},
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "mode=755", "size=65536", "ro"],
        },
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
        },
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": SCRATCH},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "tmpfs", "options": SCRATCH},
        {"destination": "/etc/ld.so.cache", "type": "bind", "source": "/etc/ld.so.cache", "options": RO},
    ],
    "linux": {
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "user", "cgroup")],
        "uidMappings": [{"containerID": 1000, "hostID": 210007, "size": 1}],
        "gidMappings": [{"containerID": 1000, "hostID": 210008, "size": 1}],
        "maskedPaths": ["/proc/kallsyms", "/proc/kcore", "/proc/bus"],
        "readonlyPaths": ["/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "seccomp": oci.profile(),
    },
}
#: Calls that do no harm with these arguments where they are allowed.
BY_ERROR = {"socket", "ioctl", "personality", "clone3", "setsockopt", "prctl", "fcntl"}
#: Runs as root in a world where cgroup v2 stands alone; prints what the code below it leaves in `found`.
IN_A_WORLD = f"""
import contextlib, os, sys
sys.path.insert(0, {str(HERE)!r})
import apart
from sandbox import Job, Sandbox, SandboxFault, StagedFile, host_python
apart.stand_alone()
def job(script):
    return Job(host_python(), ("/job/x.py",), (StagedFile("/job/x.py", script.encode()),), wall_ms=20_000)
def processes(uid):
    states = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it ended meanwhile
            rests = b"launcher.py" in open(f"/proc/{{name}}/cmdline", "rb").read()  # and waits for the next run
            if os.stat(f"/proc/{{name}}").st_uid == uid and not rests:
                states.append(open(f"/proc/{{name}}/stat").read().rpartition(")")[2].split()[0])
    return [state for state in states if state != "Z"]
"""


def _bundle(facts: plan.Host = MERGED, files: Iterable[str] = (), **changes: object) -> dict[str, Any]:
    shape = a_plain_job(**{"scratch_bytes": 4096, "cpus": 2, **changes}).shape
    shared = oci.mounts(shape, facts, STAGING, "/host/runner", set(files))
    return oci.bundle(shape, facts, shared, 210_007, 210_008)


def _steps(arguments: list[str]) -> list[tuple[str, str]]:
    """Return what bubblewrap mounts, target and source, in its order; masks have a list of their own in a bundle."""
    found = []
    for at, word in enumerate(arguments):
        if word == "--ro-bind" and not arguments[at + 2].startswith("/proc/"):
            found.append((arguments[at + 2], arguments[at + 1]))
        elif word in {"--proc", "--dev", "--tmpfs"} and not arguments[at + 1].startswith("/proc/"):
            found.append((arguments[at + 1], word[2:]))
    return found


# --- the document


def test_the_bundle_of_crun_is_this() -> None:
    assert _bundle() == GOLDEN


@pytest.mark.parametrize("facts", HOST_VARIANTS.values(), ids=HOST_VARIANTS.keys())
def test_on_every_host_the_same_is_mounted_in_the_same_order_as_by_bubblewrap(facts: plan.Host) -> None:
    environment = dataclasses.replace(PYTHON, mounts=("/tmp/python/bin/python3", "/tmp/python/lib"))
    kinds = {"/dev": "dev"}
    ours = [
        (mount["destination"], kinds.get(mount["destination"], mount["source"]))
        for mount in _bundle(facts, environment=environment, assets=HELD)["mounts"]
        if mount["destination"] != "/dev/pts"  # a part of bubblewrap's /dev
    ]
    theirs = _arguments(facts, environment=environment, assets=HELD)
    assert ours == _steps(theirs)
    assert ("/assets/model", "/host/assets/ab/data") in ours
    masks = [theirs[at + 2] for at, word in enumerate(theirs) if word == "--ro-bind" and theirs[at + 1] == "/dev/null"]
    masks += [theirs[at + 1] for at, word in enumerate(theirs) if word == "--tmpfs" and "/proc/" in theirs[at + 1]]
    assert _bundle(facts)["linux"]["maskedPaths"] == masks


@pytest.mark.parametrize("facts", HOST_VARIANTS.values(), ids=HOST_VARIANTS.keys())
def test_on_every_host_nothing_of_it_is_writable_in_a_bundle_and_every_namespace_is_new(facts: plan.Host) -> None:
    document = _bundle(facts)
    for mount in document["mounts"]:
        assert mount["type"] in {"bind", "proc", "tmpfs", "devpts"}
        assert mount["type"] != "bind" or set(RO) <= set(mount["options"])
    assert document["root"]["readonly"] is True
    assert {"type": "user"} in document["linux"]["namespaces"]
    assert not [namespace for namespace in document["linux"]["namespaces"] if "path" in namespace]
    assert not any(document["process"]["capabilities"].values())
    assert document["process"]["noNewPrivileges"] is True
    assert "hooks" not in document


def test_what_is_mounted_below_a_folder_is_closed_too_and_a_file_has_nothing_below() -> None:
    environment = dataclasses.replace(PYTHON, mounts=("/opt/bin/python3", "/opt/lib"))
    found = {
        mount["destination"]: mount for mount in _bundle(files=["/opt/bin/python3"], environment=environment)["mounts"]
    }
    assert found["/opt/bin/python3"]["options"] == RO
    assert found["/opt/lib"]["options"] == BELOW
    assert [path for path, mount in found.items() if oci.is_file(mount)] == ["/opt/bin/python3", "/etc/ld.so.cache"]


def test_a_large_scratch_may_hold_a_file_for_each_of_its_pages() -> None:
    options = next(m["options"] for m in _bundle(scratch_bytes=1 << 30)["mounts"] if m["destination"] == "/tmp")
    assert {f"size={1 << 30}", f"nr_inodes={1 << 18}"} <= set(options)


def test_the_command_of_crun_keeps_its_notes_where_it_is_told_and_makes_no_cgroup() -> None:
    assert " ".join(oci.run_command("/usr/bin/crun", "/b", "/s")) == (
        "/usr/bin/crun --root /s --cgroup-manager=disabled run --bundle /b --preserve-fds 1 assay"
    )


# --- the filter


def _decide(machine: str, call: str, arguments: tuple[int, ...] = ()) -> int:
    """Return what a runtime does with a call: see `linux.seccomp` of the runtime specification."""
    filled = (*arguments, 0, 0, 0, 0, 0, 0)
    compare = {
        "SCMP_CMP_EQ": lambda rule: filled[rule["index"]] == rule["value"],
        "SCMP_CMP_NE": lambda rule: filled[rule["index"]] != rule["value"],
        "SCMP_CMP_MASKED_EQ": lambda rule: filled[rule["index"]] & rule["value"] == rule["valueTwo"],
    }
    profile = oci.profile(machine)
    met = [
        seccomp.ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else seccomp.ERRNO | rule["errnoRet"]
        for rule in profile["syscalls"]
        if call in rule["names"] and all(compare[each["op"]](each) for each in rule["args"])
    ]
    assert len(set(met)) <= 1, f"rules disagree over {call}"
    return met[0] if met else seccomp.ERRNO | profile["defaultErrnoRet"]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_runtime_is_told_to_decide_every_call_as_our_own_filter_does(machine: str) -> None:
    calls = seccomp.policy()["numbers"][machine]
    assert {call: _decide(machine, call) for call in calls} == {call: ask(machine, call) for call in calls}


@law
@given(
    st.sampled_from(MACHINES),
    st.sampled_from(sorted(seccomp.policy()["checked"])),
    st.tuples(*[st.integers(0, (1 << 64) - 1)] * 2),
)
def test_a_runtime_decides_by_arguments_as_our_own_filter_does(machine: str, call: str, some: tuple[int, int]) -> None:
    for arguments in (some, *(arguments for name, arguments, _ in BY_ARGUMENT if name == call)):
        expected = ask(machine, call, arguments)
        same = {UNKNOWN} if call == "personality" and expected == REFUSED else {expected}
        assert _decide(machine, call, arguments) in same


@pytest.mark.parametrize("machine", MACHINES)
def test_only_the_machines_own_architecture_is_named(machine: str) -> None:
    assert oci.profile(machine)["architectures"] == [oci.ARCHITECTURES[machine]]
    assert set(oci.ARCHITECTURES) == set(seccomp.ARCHITECTURES)


@law
@given(st.sets(st.integers(0, 255), min_size=1, max_size=5), st.integers(0, 255))
@example({0}, 0)
def test_all_but_some_values_is_every_other_one_once(values: set[int], number: int) -> None:
    met = [pair for pair in rules.all_but(*values, width=8) if number & pair[0] == pair[1]]
    assert len(met) == (number not in values)


# --- where it is refused


def test_an_engine_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="there is no engine 'docker'; known: bwrap, oci:crun"):
        Sandbox(engine="docker")


@pytest.mark.parametrize("version", ["1.3.9", ""])
def test_an_old_crun_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(host, "crun_version", lambda: version)
    with pytest.raises(NoIsolation, match=f"crun {version} is too old, 1.4.0 is needed"):
        host.require_crun()


def test_without_crun_nothing_runs_and_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "PLACES", "/nonexistent")
    host.crun_path.cache_clear()
    host.crun_version.cache_clear()
    with pytest.raises(NoIsolation, match="crun is not installed"), Sandbox(engine="oci:crun") as box:
        box.run(a_job(host_python(), "pass"))
    found = audit(engine="oci:crun")
    assert found.level is None
    assert {check.name: check.remedy.split(",")[0] for check in found.checks if not check.ok and check.required} == {
        "crun": "apt-get install crun",
        "canary": "apt-get install crun",
    }


@pytest.mark.box
def test_beside_cgroup_v1_nothing_runs_and_the_remedy_is_said() -> None:
    if Oci.lack() == "crun is not installed":
        refuse_to_skip("crun is not installed")
    if host.UNIFIED.exists():
        pytest.skip("this host has pure cgroup v2")
    with pytest.raises(NoIsolation, match="crun makes boxes on pure cgroup v2 only"), Sandbox(engine="oci:crun") as box:
        box.run(a_job(host_python(), "pass"))
    found = audit(engine="oci:crun")
    assert found.level is None
    remedies = {check.remedy for check in found.checks if check.name in {"crun", "canary"}}
    assert remedies == {"boot with systemd.unified_cgroup_hierarchy=1, or set ASSAY_ENGINE to bwrap"}


# --- for real


@pytest.fixture
def readable() -> Iterator[Path]:
    """Make a copy of the sandbox that everybody may read."""
    with tempfile.TemporaryDirectory(prefix="assay-oci-") as folder:
        copy_of_sandbox(Path(folder))
        yield Path(folder)


@pytest.fixture
def world() -> None:
    """Ask for root and crun."""
    if os.geteuid() != 0 or Oci.lack():
        refuse_to_skip(Oci.lack() or "needs root")


def _in_a_world(code: str, *before: str) -> Any:
    done = subprocess.run(
        [*before, host_python().interpreter, "-B", "-c", f"{IN_A_WORLD}\n{code}\nprint(repr(found))"],
        env={"PYTHONPATH": str(HERE.parent.parent), "PATH": os.defpath},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


@pytest.mark.box
def test_the_outcome_says_which_engine_and_which_filter(oci: Oci) -> None:
    from sandbox.oci import digest

    isolation = oci.run("pass").isolation
    assert (isolation["engine"], isolation["engine_version"]) == ("oci:crun", host.crun_version())
    assert isolation["seccomp"] == digest() != seccomp.digest()
    assert isolation["userns_disabled"] is False


@pytest.mark.box
def test_crun_compiles_the_filter_to_what_was_meant(oci: Oci) -> None:
    machine = os.uname().machine
    asked = [
        (seccomp.policy()["numbers"][machine][call], arguments, _decide(machine, call, arguments))
        for call, arguments, _ in BY_ARGUMENT
        if call in BY_ERROR or _decide(machine, call, arguments) != seccomp.ALLOW
    ]
    script = f"""
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
print(json.dumps([
    0 if libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, arguments)) >= 0 else ctypes.get_errno()
    for number, arguments, _ in {asked}
]))
"""
    outcome = oci.run(script)
    said = json.loads(outcome.stdout)
    for (number, arguments, verdict), error in zip(asked, said, strict=True):
        if verdict == seccomp.ALLOW:
            assert error not in {errno.EPERM, errno.ENOSYS}, (number, arguments)
        else:
            assert error == verdict & 0xFFFF, (number, arguments)


@pytest.mark.box
def test_what_is_left_behind_in_a_box_of_crun_is_reaped_and_does_not_count(oci: Oci) -> None:
    script = """
import os, time
for _ in range(200):
    child = os.fork()
    if child == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.waitpid(child, 0)
    time.sleep(0.002)
print(os.getppid())
"""
    outcome = oci.run(script, processes=8)
    assert (outcome.kind, outcome.exit_code, outcome.limit, outcome.stdout) == ("exited", 0, None, b"2\n")


@pytest.mark.box
@pytest.mark.parametrize(("victim", "kind"), [("os.getppid()", "signal"), ("1", "exited")], ids=["runner", "PID 1"])
def test_a_program_that_kills_what_runs_it_in_a_box_of_crun_ends_alone(oci: Oci, victim: str, kind: str) -> None:
    outcome = oci.run(f"import os, time; os.kill({victim}, 9); time.sleep(0.5)")
    assert (outcome.kind, outcome.result) == (kind, None)
    assert ("the program ended the box that it ran in" in outcome.notes) is (kind == "signal")


@pytest.mark.box
@pytest.mark.parametrize("ended", ["launcher", "the run"])
def test_nothing_of_crun_outlives_its_run_or_its_launcher(world: None, ended: str) -> None:
    found = _in_a_world(f"""
import tempfile, time
tempfile.tempdir = tempfile.mkdtemp(); os.chmod(tempfile.tempdir, 0o755)
def left():
    return [sorted(os.listdir(path)) for path in (tempfile.tempdir, "/run", "/run/crun") if os.path.exists(path)]
before = left()
with Sandbox(engine="oci:crun") as box:
    box.level()
    slot = box._slots[0]
    def tick(usage):
        if usage.stdout and {ended == "launcher"}:
            os.kill(slot.launcher.pid, 9)
        return not usage.stdout
    try:
        said = box.run(job("import os, time; os.fork(); print('up', flush=True); time.sleep(60)"), tick).kind
    except SandboxFault as fault:
        said = str(fault)
    end = time.monotonic() + 10
    while processes(slot.uid) and time.monotonic() < end:
        time.sleep(0.02)
    living = processes(slot.uid)
after = left()
os.rmdir(tempfile.tempdir)
found = said, living, before == after
""")
    assert found == ("cancelled" if ended == "the run" else "the launcher ended during a run", [], True)


@pytest.mark.box
def test_crun_may_write_its_notes_and_nothing_else_of_the_host(world: None) -> None:
    found = _in_a_world("""
found = []
with Sandbox(engine="oci:crun") as box:
    box.level()
    slot = box._slots[0]
    def tick(usage):
        if usage.stdout:
            for base, folders, files in os.walk(slot.folder):
                for path in (base, *(os.path.join(base, name) for name in files)):
                    state = os.lstat(path)
                    writable = state.st_uid == slot.uid or (not os.path.islink(path) and state.st_mode & 0o002)
                    if writable and "/state" not in path.removesuffix("/state"):
                        found.append(os.path.relpath(path, slot.folder))
        return not usage.stdout
    box.run(job("import time; print('up', flush=True); time.sleep(60)"), tick)
""")
    assert found == ["run-1/state"]


@pytest.mark.box
def test_the_canary_runs_through_crun(world: None) -> None:
    found = _in_a_world("""
from sandbox.doctor import audit
audited = audit(engine="oci:crun")
found = [check.name for check in audited.checks if check.required and not check.ok], audited.checks[0].name, audited.level
""")
    assert found[:2] == ([], "crun")
    assert found[2] in {"B", "B1", "C"}


@pytest.mark.box
def test_what_the_host_mounted_below_a_shared_folder_is_closed_too(world: None) -> None:
    found = _in_a_world("""
apart.done(apart.libc.unshare(apart.CLONE_NEWNS))
apart.done(apart.libc.mount(b"none", b"/", None, apart.MS_REC | apart.MS_PRIVATE, None))
apart.done(apart.libc.mount(b"none", b"/usr/local", b"tmpfs", 0, b"mode=1777"))
with Sandbox(engine="oci:crun") as box:
    found = box.run(job("open('/usr/local/written', 'w')")).stderr, os.listdir("/usr/local")
""")
    assert b"Read-only file system: '/usr/local/written'" in found[0]
    assert found[1] == []


#: What the world lacks -> what the doctor says to it; the first is the control.
LACKS = {
    "nothing": ("", ""),
    "user namespaces": ("--unshare-user --disable-userns", "max_user_namespaces"),
    "an unmasked /proc": (
        "--unshare-user --unshare-pid --proc /proc --ro-bind /dev/null /proc/uptime",
        "systempaths=unconfined",
    ),
    "setpriv": ("--ro-bind /dev/null /usr/bin/setpriv", "install util-linux"),
}


@pytest.mark.box
@pytest.mark.parametrize(("options", "remedy"), LACKS.values(), ids=LACKS.keys())
def test_a_box_that_crun_cannot_make_is_refused_with_its_remedy(
    world: None, readable: Path, options: str, remedy: str
) -> None:
    found = _in_a_world(f"""
import ast, subprocess
code = "from sandbox.doctor import audit; print([(c.detail, c.remedy) for c in audit(engine='oci:crun').checks][-1])"
world = ["bwrap", "--dev-bind", "/", "/", *{options.split()!r}]
folder = {str(readable)!r}
done = subprocess.run([*world, host_python().interpreter, "-B", "-c", code], stdout=subprocess.PIPE, text=True,
    env={{"PYTHONPATH": folder}}, user={ORDINARY_USER}, group={ORDINARY_USER}, extra_groups=[])
found = ast.literal_eval(done.stdout)
""")
    assert found[0].startswith("the box could not be made: " if remedy else "a sealed run took "), found
    assert remedy in found[1], found


@pytest.mark.box
def test_a_folder_that_crun_cannot_pass_through_is_named_with_its_remedy(world: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = _in_a_world(f"""
import tempfile
from sandbox.doctor import audit
tempfile.tempdir = {folder!r}
found = audit(engine="oci:crun").checks[-1].remedy
""")
    assert "TMPDIR" in found


@pytest.mark.box
def test_boxes_of_crun_are_made_ahead_too(world: None) -> None:
    found = _in_a_world("""
with Sandbox(engine="oci:crun", ahead=1) as box:
    outcomes = [box.run(job("print(1)")) for _ in range(3)]
found = [(outcome.isolation["start"], outcome.stdout) for outcome in outcomes]
""")
    assert found == [("prepared" if at else "cold", b"1\n") for at in range(3)] or found == [("prepared", b"1\n")] * 3


@pytest.mark.box
def test_a_bundle_is_verified_through_crun_where_the_setting_says_so(world: None, tmp_path: Path) -> None:
    root = HERE.parent.parent
    found = _in_a_world(f"""
import subprocess
done = subprocess.run(
    [{sys.executable!r}, "-m", "cli", "verify", "examples/mgte-gain", "--json", "--evidence", {str(tmp_path / "e")!r}],
    cwd={str(root)!r}, env={{"ASSAY_ENGINE": "oci:crun", "ASSAY_HOME": {str(tmp_path)!r}, "PATH": os.defpath}},
    stdout=subprocess.PIPE, text=True)
found = done.returncode, done.stdout
""")
    assert found[0] == 0
    assert json.loads(found[1])["status"] == "VERIFIED"
    with tarfile.open(tmp_path / "e") as archive:
        texts = [file.read() for file in map(archive.extractfile, archive.getmembers()) if file is not None]
    assert any(b'"engine":"oci:crun"' in text for text in texts)


def test_a_worker_makes_its_boxes_with_the_engine_of_the_setting(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, engine="oci:crun")
    upgrade(settings.database)
    hands = Hands.open(settings)
    try:
        assert hands.box.maker.name == "oci:crun"
    finally:
        hands.close()
