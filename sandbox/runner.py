"""Inside the box: starts the program, waits for it, and sends out what it left. Mounted read-only, runs as the box's user.

It shares box and user with a stranger's program, so the other side of fd 3 trusts nothing that comes from here. The
program runs in a forked child, in place, so that one interpreter start serves both; the child closes fd 3. When the
program has ended, everything else in the box is killed before its result is read, so that nothing moves meanwhile.

Frames on fd 3: one letter, four bytes of length (big endian), the payload. S status, R result, N artifact's name,
D artifact's data, T a result or artifact that is too large (its name).
"""

import os
import stat
import sys

CHUNK = 1 << 16
ARTIFACTS_MAX = 256
CHANNEL = 3


def main() -> None:
    """Run the program of argv and report."""
    mode, result_cap, output_cap, *argv = sys.argv[1:]
    result = os.environ["ASSAY_RESULT"]
    output = os.environ["ASSAY_OUTPUT"]
    os.mkdir(os.path.dirname(result))  # noqa: PTH102, PTH120 - pathlib costs a millisecond of start
    os.mkdir(output)  # noqa: PTH102
    pid = os.fork()
    if pid == 0:
        os.close(CHANNEL)
        run(argv, evaluator=mode == "evaluator")
        return
    _, status = os.waitpid(pid, 0)
    try:  # noqa: SIM105 - contextlib costs a millisecond of start
        os.kill(-1, 9)  # all but us and PID 1
    except ProcessLookupError:
        pass
    text = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
    send(b"S", text.encode())
    send_file(b"R", result, b"result", int(result_cap))
    send_artifacts(output, int(output_cap))
    os._exit(0)


def run(argv: list[str], *, evaluator: bool) -> None:
    """Run a program as `python PROGRAM` would, its folder and the bundle last on the path, never before the library."""
    import builtins
    import types

    program = argv[0]
    sys.argv = list(argv)
    if not evaluator:
        import _sitebuiltins

        for name in ("exit", "quit"):  # what `site`, which is not loaded, would have given
            setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D"))
        for folder in (os.path.dirname(program), "/job"):  # noqa: PTH120
            if folder not in sys.path:
                sys.path.append(folder)
    module = types.ModuleType("__main__")
    module.__file__ = program
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    try:
        with open(program, "rb") as file:  # noqa: PTH123
            code = compile(file.read(), program, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is what the box is for
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - shown as the interpreter would show it
        trace = error.__traceback__
        frames = trace.tb_next if trace is not None else None
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        raise SystemExit(1) from None


def send(letter: bytes, payload: bytes) -> None:
    """Write one frame."""
    data = letter + len(payload).to_bytes(4, "big") + payload
    while data:
        data = data[os.write(CHANNEL, data) :]


def send_file(letter: bytes, path: str, name: bytes, cap: int) -> int:
    """Send a regular file, or say that it is too large; anything else is as if it were not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return 0
        if found.st_size > cap:
            send(b"T", name)
            return 0
        data = b""
        while len(data) < found.st_size and (piece := os.read(descriptor, CHUNK)):
            data += piece
        if letter == b"D":
            send(b"N", name)
        send(letter, data)
        return len(data)
    finally:
        os.close(descriptor)


def send_artifacts(folder: str, cap: int) -> None:
    """Send the regular files below the output folder, in the order of their names."""
    found = []
    for base, folders, files in os.walk(folder):
        folders.sort()
        found += [os.path.join(base, name) for name in sorted(files)]  # noqa: PTH118
    left = cap
    for path in found[:ARTIFACTS_MAX]:
        left -= send_file(b"D", path, os.fsencode(path[len(folder) + 1 :]), left)


main()
