"""One slot for many runs: nothing of a run stays, no two see each other, and nothing outlives its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import Sandbox, SandboxFault, cgroup, host_python, line, staging, tree, watch
from sandbox import slot as slot_module
from sandbox.cgroup_folders import PREFIX, SWEEP_SECONDS, sweep
from sandbox.host import host_facts
from sandbox.makers import ENGINES
from sandbox.slot import Slot
from tests.sandbox.boxes import Strongest, a_job
from tests.sandbox.conftest import refuse_to_skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Usage
    from tests.sandbox.boxes import Box

pytestmark = pytest.mark.box

PATIENCE_SECONDS = 10
REPOSITORY = Path(__file__).parents[2]
SUPERVISOR = """
from sandbox import Job, Sandbox, StagedFile, host_python
script = b"import os, time, signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); os.fork(); time.sleep(600)"
def tick(usage):
    if usage.stdout:
        print("running", flush=True)
    return True
with Sandbox() as box:
    job = Job(host_python(), ("/job/a.py",), (StagedFile("/job/a.py", script),), wall_ms=600_000)
    box.run(job, tick)
"""


@pytest.fixture
def box_of_its_own() -> Iterator[Strongest]:
    found = Strongest()
    yield found
    found.close()


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _left_on_host(slot_user: int | None = None) -> dict[str, object]:
    """Return what runs of this process might leave; others may have boxes on this host at the same time."""
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "folders": [path for folder in _held_by(os.getpid()) for path in sorted(folder.rglob("*"))],
        "cgroups": len([path for base in _cgroup_bases() for path in base.glob(f"{PREFIX}*-{os.getpid()}")]),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "children": sorted(_names(tree.descendants(os.getpid()))),
        "the slot user's": [uid for uid in _uids() if uid == slot_user],
    }


def _held_by(pid: int) -> list[Path]:
    """Return the private folders that a process holds."""
    held = {path.readlink() for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_dir()}
    return sorted(path for path in held if path.name.startswith(staging.FOLDER_PREFIX))


def _cgroup_bases() -> list[Path]:
    return [path for path in (cgroup.ROOT, *cgroup.ROOT.glob("*/"), *cgroup.ROOT.glob("*/*/")) if path.is_dir()]


def _names(pids: set[int]) -> list[str]:
    found = []
    for pid in pids:
        with suppress(OSError):
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2].decode())
    return found


def _uids() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found.append(path.stat().st_uid)
    return found


def test_a_signal_while_a_launcher_starts_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = line.start_launcher

    class Interrupted:
        def __init__(self, channel: Any) -> None:
            self.close = channel.close

        def recv(self, _: int) -> bytes:
            raise SystemExit(143)

    def start(*arguments: Any) -> tuple[Any, Any]:
        launcher, channel = begin(*arguments)
        return launcher, Interrupted(channel)

    before = _left_on_host()
    monkeypatch.setattr(line, "start_launcher", start)
    with Sandbox() as box, pytest.raises(SystemExit):
        box.run(a_job(host_python(), "pass"))
    assert _left_on_host() == before


def test_thirty_runs_of_every_ending_leave_nothing_behind(box_of_its_own: Strongest) -> None:
    box = box_of_its_own
    scripts = {
        "pass": {},
        "import os; os.fork(); os.setsid(); import time; time.sleep(60)": {"wall_ms": 150},
        "held = bytearray(b'x') * (300 << 20)": {"memory_bytes": 32 << 20, "scratch_bytes": 1 << 20},
        "import os; os.kill(os.getppid(), 9)": {},
        "while True: print('x' * 1000)": {"stdout_cap": 4096},
        "open('/tmp/big', 'wb').write(bytes(8 << 20)); raise SystemExit(3)": {},
    }
    box.run("pass")
    slot_user = box.sandbox._open()[0].uid
    _resting(box)
    before = _left_on_host(slot_user)
    kinds = {box.run(script, **limits).kind for _ in range(5) for script, limits in scripts.items()}
    assert kinds >= {"exited", "timeout", "signal", "output", "memory"}
    _resting(box)
    assert _left_on_host(slot_user) == before


def _resting(box: Strongest) -> int:
    """Return the child of the launcher that waits for the next run, once it is there and has become the slot's user."""
    slot = box.sandbox._open()[0]

    def rests() -> bool:
        below = tree.descendants(slot.launcher.pid)
        return len(below) == 1 and (slot.uid is None or Path(f"/proc/{min(below)}").stat().st_uid == slot.uid)

    _until(rests, "the launcher has no child that rests")
    return min(tree.descendants(slot.launcher.pid))


def test_a_child_of_the_launcher_that_died_while_it_rested_is_replaced(box_of_its_own: Strongest) -> None:
    box = box_of_its_own
    box.run("pass")
    killed = _resting(box)
    os.kill(killed, signal.SIGKILL)
    _until(lambda: not Path(f"/proc/{killed}/cmdline").read_bytes(), "it lives on")
    assert box.run("print(1)").stdout == b"1\n"
    assert _resting(box) != killed


def test_a_closed_sandbox_leaves_nothing_behind() -> None:
    before = _left_on_host()
    box = Strongest()
    box.run("pass")
    assert _left_on_host() != before
    box.close()
    assert _left_on_host() == before


def test_a_run_sees_nothing_of_the_one_before(box: Box) -> None:
    script = """
import mmap, os
from multiprocessing import shared_memory
places = ["/tmp", "/dev/shm", "/tmp/output", "/tmp/.assay", "/in", "/job"]
print([sorted(os.listdir(place)) for place in places], len(os.listdir("/proc/self/fd")), os.getpid())
print(open("/proc/sysvipc/shm").read().count("\\n"))
for place in places[:4]:
    open(place + "/left", "w").write("left")
shared_memory.SharedMemory("left", create=True, size=10)
__import__("ctypes").CDLL(None).shmget(7, 4096, 0o1666)
os.fork()
"""
    first, second = box.run(script), box.run(script)
    assert first.stdout.splitlines()[:2] == second.stdout.splitlines()[:2]
    assert b"'left'" not in second.stdout


def test_what_the_first_run_used_is_not_charged_to_the_second(box: Box) -> None:
    greedy = box.run("import time; held = bytearray(b'x') * (120 << 20)\nwhile time.process_time() < 0.4: pass")
    modest = box.run("pass")
    assert greedy.peak_memory_bytes > 120 << 20
    assert modest.peak_memory_bytes < 60 << 20
    assert greedy.cpu_ms > modest.cpu_ms + 200
    assert modest.notes == ()


def test_limits_may_shrink_and_grow_from_run_to_run(strongest: Strongest) -> None:
    script = "held = bytearray(b'x') * (100 << 20)"
    kinds = [
        strongest.run(script, memory_bytes=memory << 20, scratch_bytes=1 << 20).kind for memory in (200, 50, 400, 60)
    ]
    assert kinds == ["exited", "memory", "exited", "memory"]


def test_two_sandboxes_at_once_see_nothing_of_each_other(strongest: Strongest, box_of_its_own: Strongest) -> None:
    other = box_of_its_own
    looked: list[str] = []
    first = """
import os, socket, time
open("/tmp/mine", "w").write("mine")
listener = socket.socket(socket.AF_UNIX); listener.bind("\\0first"); listener.listen()
print("up", flush=True)
time.sleep(60)
"""
    second = """
import os, socket
try:
    socket.socket(socket.AF_UNIX).connect("\\0first")
    print("connected")
except OSError: pass
print(sorted(name for name in os.listdir("/proc") if name.isdigit()))
print(sorted(os.listdir("/tmp")), os.listdir("/in"), os.getuid())
"""

    def tick(usage: Usage) -> bool:
        if usage.stdout == b"up\n" and not looked:
            looked.append(other.run(second).stdout.decode())
        return not looked

    job = a_job(strongest.environment, first, {"/in/first.mark": b"secret"})
    assert strongest.sandbox.run(job, tick).kind == "cancelled"
    assert looked == ["['1', '2', '3']\n['.assay', 'output'] [] 1000\n"]
    ours, theirs = strongest.sandbox._open()[0], other.sandbox._open()[0]
    assert ours.number != theirs.number
    if os.geteuid() == 0:
        assert ours.uid != theirs.uid
        assert (theirs.folder.stat().st_mode & 0o777, theirs.folder.stat().st_uid) == (0o710, 0)


def test_the_slots_user_owns_nothing_of_what_is_staged(root: None, box_of_its_own: Strongest) -> None:
    slot, host = box_of_its_own.sandbox._open()
    old = os.umask(0o077)
    try:
        job = a_job(box_of_its_own.environment, "pass", {"/in/a/b": b""})
        box, _ = slot.take_box(host, job.shape)
        box.stage(job)
        paths = [box.staging.job, box.staging.inputs, *box.staging.inputs.rglob("*")]
        assert {path.stat().st_uid for path in paths} == {0}
        assert {oct(path.stat().st_mode & 0o777) for path in paths} == {"0o755", "0o444"}
        slot.end()
        box.close()
        assert box_of_its_own.run("print(open('/in/a/b').read())", {"/in/a/b": b"1"}).stdout == b"1\n"
    finally:
        os.umask(old)


def test_when_the_supervisor_is_killed_nothing_lives_on() -> None:
    """No goodbye is possible: the kernel's orders to die with the parent are all there is."""
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR], stdout=subprocess.PIPE, cwd=REPOSITORY)
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == b"running\n"
    below = tree.descendants(supervisor.pid)
    (folder,) = _held_by(supervisor.pid)
    assert len(below) >= 6  # launcher, bwrap twice, runner, program, its child
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    supervisor.stdout.close()
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), "a launcher or a box lives on")
    with Sandbox() as box:  # the next one sweeps up
        box.level()
        assert not folder.exists()
        assert [path for base in _cgroup_bases() for path in base.glob(f"{PREFIX}*-{supervisor.pid}")] == []


def test_a_launcher_that_is_killed_is_a_fault_and_the_next_run_works(box_of_its_own: Strongest) -> None:
    box = box_of_its_own
    launcher = box.sandbox._open()[0].launcher

    def tick(_: Usage) -> bool:
        launcher.kill()
        return True

    job = a_job(box.environment, "import time; time.sleep(60)")
    with pytest.raises(SandboxFault, match="the launcher ended during a run"):
        box.sandbox.run(job, tick)
    assert box.run("print(1)").stdout == b"1\n"


def test_a_box_that_is_killed_from_outside_is_a_fault_and_the_next_run_works(box_of_its_own: Strongest) -> None:
    box = box_of_its_own
    launcher = box.sandbox._open()[0].launcher

    def tick(_: Usage) -> bool:
        os.kill(min(tree.descendants(launcher.pid)), signal.SIGKILL)
        return True

    with pytest.raises(SandboxFault, match="ended from outside, by signal 9"):
        box.sandbox.run(a_job(box.environment, "import time; time.sleep(60)"), tick)
    assert box.run("print(1)").stdout == b"1\n"


def test_a_launcher_that_died_between_two_runs_is_replaced(box_of_its_own: Strongest) -> None:
    box = box_of_its_own
    box.run("pass")
    launcher = box.sandbox._open()[0].launcher
    launcher.kill()
    launcher.wait()
    assert box.run("print(1)").stdout == b"1\n"


def test_a_slot_ends_with_the_thread_that_took_it_and_the_next_run_has_another(box_of_its_own: Strongest) -> None:
    """Its launcher was told to end and may take a moment: that must not be the next run's fault."""
    box = box_of_its_own
    box.sandbox.close()
    for _ in range(5):
        thread = threading.Thread(target=box.run, args=("pass",))
        thread.start()
        thread.join()
        assert box.run("print(1)").stdout == b"1\n"
        box.sandbox.close()


def test_a_supervisor_may_have_more_descriptors_than_a_box() -> None:
    """Or boxes of the same user could hold so many in flight that no other box can be handed its own."""
    code = """
import resource
from sandbox import Sandbox
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
with Sandbox() as box:
    box.level()
    print(resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard))
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True, capture_output=True).stdout
    assert said == b"True\n"


def test_a_fork_of_the_supervisor_takes_a_slot_of_its_own_and_leaves_the_parents_alone(
    box_of_its_own: Strongest,
) -> None:
    box = box_of_its_own
    box.run("pass")
    slot = box.sandbox._open()[0]
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            mine = box.sandbox._open()[0]
            code = 0 if mine.number != slot.number and box.run("print(2)").stdout == b"2\n" else 2
            box.close()
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert slot.alive()
    assert box.run("print(1)").stdout == b"1\n"
    assert box.sandbox._open()[0] is slot


def test_a_folder_that_nobody_holds_is_swept_and_every_other_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held, lock = staging.private_folder(None)
    left, lost = staging.private_folder(None)
    (left / "run-1" / "in").mkdir(parents=True)
    (tmp_path / "something-else").mkdir()
    (tmp_path / f"{staging.FOLDER_PREFIX}link").symlink_to(tmp_path / "something-else")
    (tmp_path / f"{staging.FOLDER_PREFIX}file").write_text("")
    os.close(lost)
    staging.sweep_folders(tmp_path)
    swept = {path.name for path in tmp_path.iterdir()}
    assert swept == {held.name, "something-else", f"{staging.FOLDER_PREFIX}link", f"{staging.FOLDER_PREFIX}file"}
    os.close(lock)


def test_a_folder_of_another_user_is_not_ours_to_sweep(root: None, tmp_path: Path) -> None:
    theirs = tmp_path / f"{staging.FOLDER_PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 54_321, 54_321)
    staging.sweep_folders(tmp_path)
    assert theirs.exists()


def test_a_sweep_from_another_container_spares_the_living(strongest: Strongest) -> None:
    """There our process number means nothing, or somebody else."""
    code = "from sandbox import staging; from pathlib import Path; import sys; staging.sweep_folders(Path(sys.argv[1]))"
    world = ["bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc"]
    folder = strongest.sandbox._open()[0].folder
    subprocess.run([*world, sys.executable, "-c", code, folder.parent], check=True, cwd=REPOSITORY)
    assert folder.exists()
    assert strongest.run("print(1)").stdout == b"1\n"


def test_cgroups_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    names = {
        f"{PREFIX}0-{gone.pid}": False,
        f"{PREFIX}1-{gone.pid}": True,  # of somebody in another process namespace, who holds it
        f"{PREFIX}0-{os.getpid()}": False,  # of somebody who had our number
        f"{PREFIX}1-{os.getpid()}": True,  # our own
        f"{PREFIX}0-1": True,  # of somebody who lives, and may be about to lock it
        f"{PREFIX}x": True,
        "something-else": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
    locks = [staging.lock_folder(tmp_path / f"{PREFIX}1-{pid}") for pid in (gone.pid, os.getpid())]
    assert None not in locks
    sweep(tmp_path, time.monotonic() + SWEEP_SECONDS)
    for lock in locks:
        os.close(lock or 0)
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_what_a_dead_owner_left_running_in_its_cgroup_is_ended(strongest: Strongest) -> None:
    if strongest.level == "C":
        refuse_to_skip("only a cgroup knows what is in it")
    gone = subprocess.Popen(["true"])
    gone.wait()
    (bases := _cgroup_bases()).sort(key=lambda path: path.name != "pids")
    base = next(path for path in bases if list(path.glob(f"{PREFIX}*-{os.getpid()}")))
    folder = base / f"{PREFIX}9-{gone.pid}"
    folder.mkdir()
    left = subprocess.Popen(["sleep", "600"])
    (folder / "cgroup.procs").write_text(str(left.pid))
    sweep(base, time.monotonic() + PATIENCE_SECONDS)
    assert left.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert not folder.exists()


def test_leftovers_that_do_not_go_away_do_not_hold_up_a_start(tmp_path: Path) -> None:
    """As with processes that the kernel does not end; here a folder in each keeps it from being removed."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    for number in range(20):
        (tmp_path / f"{PREFIX}{number}-{gone.pid}" / "below").mkdir(parents=True)
    (tmp_path / f"{PREFIX}99-{gone.pid}").mkdir()
    started = time.monotonic()
    sweep(tmp_path, time.monotonic() + SWEEP_SECONDS)
    assert time.monotonic() - started < 10 * SWEEP_SECONDS  # twenty that wait for one second each took longer
    assert not (tmp_path / f"{PREFIX}99-{gone.pid}").exists()


def test_a_run_that_the_kernel_does_not_end_in_time_has_an_outcome_and_its_slot_serves_nobody_before_it_is_empty(
    box_of_its_own: Strongest, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = box_of_its_own
    slot = box.sandbox._open()[0]
    monkeypatch.setattr(watch, "KILL_SECONDS_MAX", 0.2)
    monkeypatch.setattr(slot, "kill", lambda: None)  # as if it was of no use
    outcome = box.run("import time; time.sleep(60)", wall_ms=200)
    assert (outcome.kind, outcome.clock) == ("timeout", "wall")
    assert [slot] == slot_module._RETIRED
    assert outcome.notes == ("the kernel did not end the run in time; what is left of it is no part of any other run",)
    assert box.run("print(1)").stdout == b"1\n"
    assert box.sandbox._open()[0].number != slot.number
    shape = a_job(box.environment, "pass").shape
    with pytest.raises(SandboxFault, match="retired"):
        slot.prepare(host_facts(), shape)
    monkeypatch.undo()
    slot.launcher.wait()  # here it does end
    with Sandbox() as further:
        assert further._open()[0].number == slot.number
    assert slot_module._RETIRED == []


@pytest.mark.parametrize("how", ["abandon", "close"])
def test_a_slot_whose_launcher_still_waits_for_an_end_is_given_back_when_it_has_come(
    box_of_its_own: Strongest, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    slot = box_of_its_own.sandbox._open()[0]
    monkeypatch.setattr(slot_module, "LAUNCHER_SECONDS", 0.2)
    os.kill(slot.launcher.pid, signal.SIGSTOP)  # so that it cannot end
    getattr(slot, how)()
    assert [slot] == slot_module._RETIRED
    assert not slot.is_empty()
    monkeypatch.undo()
    with Sandbox() as further:
        assert further._open()[0].number != slot.number
        os.kill(slot.launcher.pid, signal.SIGCONT)
        slot.launcher.wait(10)
        assert slot.is_empty()
    with Sandbox() as further:
        assert further._open()[0].number == slot.number
    assert slot_module._RETIRED == []


def test_a_launcher_that_was_killed_does_not_prove_that_its_slot_is_empty(box_of_its_own: Strongest) -> None:
    slot = box_of_its_own.sandbox._open()[0]
    if slot.cgroup is None:
        refuse_to_skip("only a cgroup tells")
    with subprocess.Popen(["sleep", "60"]) as left:
        for path in slot.cgroup.entrances():
            Path(path).write_text(str(left.pid))
        slot.launcher.kill()
        slot.launcher.wait()
        assert not slot.is_empty()
        left.kill()
    _until(slot.is_empty, "something is left")  # the child that rested ends too


def test_a_box_that_is_never_made_is_a_fault_and_the_next_run_works(
    box_of_its_own: Strongest, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = box_of_its_own
    monkeypatch.setattr(watch, "MAKING_SECONDS_MAX", 0.3)
    with monkeypatch.context() as patch:
        patch.setattr(box.sandbox._open()[0], "_launch", lambda *_: None)
        with pytest.raises(SandboxFault, match=r"the box was not made within 0\.3 s"):
            box.run("print(1)")
    monkeypatch.undo()
    assert box.run("print(1)").stdout == b"1\n"


def test_an_interrupt_at_the_terminal_reaches_the_supervisor_and_not_what_is_below_it(strongest: Strongest) -> None:
    launcher = strongest.sandbox._open()[0].launcher.pid
    assert os.getsid(launcher) == os.getpgid(launcher) == launcher != os.getsid(0)


def test_cpu_and_cpuacct_may_be_one_hierarchy_with_two_names(
    root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cgroup.ROOT
    if not (real / "cpu").is_dir():
        pytest.skip("needs a host with cgroup v1")
    for name, target in {"memory": "memory", "pids": "pids", "cpu": "cpu", "cpuacct": "cpu"}.items():
        (tmp_path / name).symlink_to(real / target)
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    monkeypatch.setattr(cgroup, "_own_path", lambda _: "/")
    monkeypatch.setattr(cgroup.V1, "_cpu_ms", lambda _: 0)  # which only the joint hierarchy would tell there
    group = cgroup.V1(77)
    assert len(group.entrances()) == 3
    group.remove()
    assert not list((real / "cpu").glob(f"{PREFIX}77-*"))


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_box_that_has_hardly_begun_ends_with_its_supervisor(how: str) -> None:
    """The child of bwrap waits for its parent then, and has not yet asked the kernel to die with it."""
    code = """
import os, sys
from sandbox import Job, Sandbox, host_python
box = Sandbox()
job = Job(host_python(), ("/job/a.py",))
slot, host = box._open(job.shape)
slot.prepare(host, job.shape)
print("made", flush=True)
box.close() if sys.argv[1] == "closed" else os.kill(os.getpid(), 9)
"""
    before = _boxes()
    for _ in range(8):
        subprocess.run([sys.executable, "-c", code, how], cwd=REPOSITORY, check=how == "closed", capture_output=True)
    _until(lambda: not _boxes() - before, "a box lives on")


def _boxes() -> set[int]:
    """Return the processes of bwrap whose parent is none of ours."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            status = (path.parent / "status").read_text(errors="replace")
            if b"bwrap\0--args" in path.read_bytes() and "\nPPid:\t1\n" in status:
                found.add(int(path.parent.name))
    return found


def test_a_slot_that_cannot_be_made_is_a_fault_that_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = _left_on_host()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(SandboxFault, match="no slot could be made"):
        Slot.take(ENGINES["bwrap"])
    monkeypatch.undo()
    assert _left_on_host() == before


def test_a_launcher_that_does_not_start_is_a_fault_that_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _left_on_host()
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(SandboxFault, match="the launcher did not start"):
        Slot.take(ENGINES["bwrap"])
    monkeypatch.undo()
    assert _left_on_host() == before


def test_an_interpreter_that_cannot_compile_the_runner_is_a_fault(box_of_its_own: Strongest) -> None:
    from dataclasses import replace

    broken = replace(box_of_its_own.environment, interpreter="/bin/false", digest="sha256:broken")
    with pytest.raises(SandboxFault, match="/bin/false could not compile runner"):
        box_of_its_own.sandbox.run(a_job(broken, "pass"))
    assert box_of_its_own.run("print(1)").stdout == b"1\n"
