"""Inside the box: waits for its job, starts the program, and sends out what it left. Mounted read-only.

It shares box and user with a stranger's program, so the other side of fd 3 trusts nothing that comes from here. The
program runs in a forked child, in place, so that one interpreter start serves both; both are there before the job is,
which comes as one message on standard input: a box may be made ahead, and one that is made at once takes the same way.
Without a filter of system calls nothing is started. The child says that it begins and closes fd 3; until then nothing of
the stranger has run, so a box that fails before is a fault of ours, and one that fails later never is. While the program
runs, this process looks often whether it has met a limit: a program may swallow the error, tidy up and exit with 0. When
it has ended, everything else in the box is killed before its result is read, so that nothing moves meanwhile.

Frames on fd 3: one letter, four bytes of length (big endian), the payload. B the program begins, S status, R result,
N artifact's name, D artifact's data, T "result" or "output" is too large, W a word for the notes.
"""

import gc
import posix  # what `os` is made of; `os` itself costs more than a millisecond of start, and many programs need none
import select
import sys
from itertools import islice
from posix import _exit

ARTIFACTS_MAX = 256
ENTRIES_MAX = 4096  # looked at in the output folder, whatever they are
DEPTH_MAX = 4
NAME_CAP = 404
CHANNEL = 3
OWN_PROCESSES = 2  # PID 1 of the box and this one
LOOK_MS = 10  # between two looks at what the program has used up, at most
FILLED_PER_MS = 4 << 20  # bytes that a program can write to its scratch, which is memory, in a millisecond
S_IFMT, S_IFREG = 0o170000, 0o100000  # as `stat` has them
SCRATCH = ("/tmp", "/dev/shm")  # noqa: S108


def main() -> None:
    """Start the program of the message, and report."""
    if posix.getpid() == 1:
        init()
    result, output = (text(posix.environ[name]) for name in (b"ASSAY_RESULT", b"ASSAY_OUTPUT"))
    for folder in (result.rpartition("/")[0], output):
        posix.mkdir(folder)
    require_filter()
    reader, writer = posix.pipe()
    give_exits()
    if b"ASSAY_SITE" in posix.environ:  # packages come after the library, before the bundle
        sys.path.append(text(posix.environ[b"ASSAY_SITE"]))
    gc.freeze()  # what is there already is not touched, and so not copied, when the program's interpreter ends
    pid = posix.fork()
    if pid == 0:
        import_ahead(sys.argv[1:])
        program(receive(reader))
        return
    ended = select.poll()
    ended.register(posix.pidfd_open(pid))
    job = receive(0)
    result_cap, output_cap, processes = (int(field) for field in job.split(b"\0", 3)[:3])
    posix.write(writer, len(job).to_bytes(4, "big") + job)
    try:
        while not ended.poll(look(processes)):
            pass
    except OSError:  # our right to have descriptors was taken from us
        pass
    look(processes)  # it still counts until we have waited for it
    _, status = posix.waitpid(pid, 0)
    try:  # noqa: SIM105 - contextlib costs a millisecond of start
        posix.kill(-1, 9)  # all but us and PID 1
    except ProcessLookupError:
        pass
    how = f"signal {posix.WTERMSIG(status)}" if posix.WIFSIGNALED(status) else f"exit {posix.WEXITSTATUS(status)}"
    send(b"S", how.encode())
    send_file(b"R", result, result_cap)
    send_artifacts(output, output_cap)
    _exit(0)


def require_filter() -> None:
    """End unless system calls are filtered, and by our filter: a container around us may have one too, which allows more."""
    with open("/proc/self/status", "rb") as file:  # noqa: PTH123
        filtered = b"\nSeccomp:\t2\n" in file.read()
    try:
        posix.mkfifo("/tmp/.assay/fifo")  # noqa: S108 - a file like any other where nothing refuses it
    except PermissionError:
        if filtered:
            return
    posix.write(2, b"runner: there is no filter of system calls on the box\n")
    _exit(1)


def look(processes: int) -> int:
    """Say what is used up now; `processes` is their limit where no cgroup counts, else 0.

    Return milliseconds until the next look: a program may fill what is left, swallow the error and make room again.
    """
    wait = LOOK_MS
    for folder in SCRATCH:
        found = posix.statvfs(folder)
        if found.f_bavail == 0 or found.f_favail == 0 < found.f_files:
            say(b"scratch")
        else:
            wait = min(wait, max(1, found.f_bavail * found.f_frsize // FILLED_PER_MS))
    if processes and count() > processes + OWN_PROCESSES:
        say(b"processes")
    return wait


def count() -> int:
    """Return how many threads of how ever many processes there are in the box, ours included."""
    found = 0
    try:
        names = posix.listdir("/proc")
    except OSError:  # our descriptors were taken from us
        return 0
    for name in names:
        if name.isdigit():
            try:  # noqa: SIM105 - contextlib costs a millisecond of start
                found += posix.stat(f"/proc/{name}/task").st_nlink - 2  # - it has a folder for each thread
            except OSError:  # it ended meanwhile
                pass
    return found


def init() -> None:
    """Be the PID 1 of an engine that has none: reap what is left behind until the runner, our child, has ended.

    A PID 1 has duties and rights that bubblewrap keeps for itself; with this one a box is the same under every engine.
    """
    runner = posix.fork()
    if runner == 0:
        return
    posix.closerange(0, CHANNEL + 1)
    ended, status = posix.wait()
    while ended != runner:
        ended, status = posix.wait()
    code = posix.waitstatus_to_exitcode(status)
    _exit(code if code >= 0 else 128 - code)


def receive(descriptor: int) -> bytes:
    """Return the message on a pipe: four bytes of length, then its bytes."""
    found = b""
    while len(found) < 4 or len(found) < 4 + int.from_bytes(found[:4], "big"):
        data = posix.read(descriptor, 65_536)
        if not data:  # nobody is left who could want it
            _exit(1)
        found += data
    return found[4:]


def import_ahead(names: list[str]) -> None:
    """Import modules while there is no job yet; where one fails the box is of no use, and another is made without."""
    for name in names:
        try:
            __import__(name)
        except BaseException:  # noqa: BLE001 - also what a module does to end the interpreter
            _exit(1)


def program(job: bytes) -> None:
    """Become the program: variables, limits, nothing open but the streams, an empty standard input, then its code."""
    _, _, processes, compiled, words, *rest = job.split(b"\0")
    for variable in rest[int(words) :]:
        name, _, value = variable.partition(b"=")
        posix.putenv(name, value)
        posix.environ[name] = value  # where `os` will find it
    limit(int(processes))
    send(b"B")
    null = posix.open("/dev/null", posix.O_RDONLY)
    posix.dup2(null, 0)
    posix.closerange(CHANNEL, null + 1)
    run([text(word) for word in rest[: int(words)]], text(compiled))


def limit(processes: int) -> None:
    """Limit the program where no cgroup does; 0 is no limit.

    Here and not before the box is made: the kernel compares the number of processes with all that the user has in the
    user namespace, which outside of the box are the whole desktop's. The kernel does not tell whether it has refused one,
    so there may be one too many, which `look` sees.
    """
    if processes:
        import resource

        most = processes + OWN_PROCESSES + 1
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def run(argv: list[str], compiled: str) -> None:
    """Run a program as `python PROGRAM` would, its folder and the bundle last on the path, never before the library.

    `compiled` is the bytecode of an evaluator, which is a program of ours and imports nothing from a bundle; "" for a
    script.
    """
    import builtins

    path = argv[0]
    sys.argv = list(argv)
    if not compiled:
        for folder in (path.rpartition("/")[0], "/job"):
            if folder not in sys.path:
                sys.path.append(folder)
    module = type(sys)("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    try:
        with open(compiled or path, "rb") as file:  # noqa: PTH123
            data = file.read()
        if compiled:
            import marshal

            code = marshal.loads(data[16:])  # noqa: S302 - our own bytes, read-only in the box
        else:
            code = compile(data, path, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is what the box is for
        if compiled:  # ours closes what it opens, and a forked interpreter takes milliseconds to end
            sys.stdout.flush()
            _exit(0)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - shown as the interpreter would show it
        trace = error.__traceback__
        frames = trace.tb_next if trace is not None else None
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        raise SystemExit(1) from None


def give_exits() -> None:
    """Give programs `exit` and `quit`, as `site` would have, which is not loaded."""
    import _sitebuiltins
    import builtins

    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D"))


def text(data: bytes) -> str:
    """Return a name or an argument as `os.fsdecode` would."""
    return data.decode(sys.getfilesystemencoding(), "surrogateescape")


def data(name: str) -> bytes:
    """Return what a name is on the disk, as `os.fsencode` would."""
    return name.encode(sys.getfilesystemencoding(), "surrogateescape")


def send(letter: bytes, payload: bytes = b"") -> None:
    """Write one small frame."""
    posix.write(CHANNEL, letter + len(payload).to_bytes(4, "big") + payload)


def say(word: bytes, letter: bytes = b"W", said: set[bytes] = set()) -> None:  # noqa: B006 - kept between calls
    """Send a word, once."""
    if word not in said:
        said.add(word)
        send(letter, word)


def send_file(letter: bytes, path: str, cap: int, name: bytes = b"") -> int:
    """Send a regular file and return its size; say that it is too large, or no file at all."""
    try:
        descriptor = posix.open(path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK)
    except FileNotFoundError:
        return 0
    except OSError:  # a link, a socket, or closed to us
        say(b"kind")
        return 0
    found = posix.fstat(descriptor)
    regular = found.st_mode & S_IFMT == S_IFREG
    size = found.st_size if regular and found.st_size <= cap else 0
    if not regular:
        say(b"kind")
    elif found.st_size > cap:
        say(b"output" if name else b"result", b"T")
    else:
        if name:
            send(b"N", name)
        posix.write(CHANNEL, letter + size.to_bytes(4, "big"))
        left = size
        while left and (sent := posix.sendfile(CHANNEL, descriptor, None, left)):
            left -= sent
    posix.close(descriptor)
    return size


def send_artifacts(folder: str, cap: int) -> None:
    """Send the regular files below the output folder, in the order of their names."""
    left = cap
    for path in find(folder):
        left -= send_file(b"D", path, left, data(path[len(folder) + 1 :])[:NAME_CAP])


def find(folder: str) -> list[str]:
    """Return what lies below a folder and is none itself; what was planted there may be wide, deep and closed to us."""
    found: list[str] = []
    looked, waiting = 0, [(folder, 1)]
    while waiting:
        base, depth = waiting.pop()
        try:
            entries = sorted(islice(posix.scandir(base), ENTRIES_MAX - looked), key=lambda item: item.name)
        except OSError:
            say(b"kind")
            continue
        looked += len(entries)
        below = []
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                found.append(entry.path)
            elif depth < DEPTH_MAX:
                below.append((entry.path, depth + 1))
            else:
                say(b"deep")
        waiting += reversed(below)
    if len(found) > ARTIFACTS_MAX or looked == ENTRIES_MAX:
        say(b"files")
    return found[:ARTIFACTS_MAX]


main()
