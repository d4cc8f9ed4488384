# attack: the host's own setuid programs, started by an ordinary user
# stopped by: no new privileges, mounts, user namespace
# expect: contained
# control: root
import glob
import os
import time

from attack import report

ORDINARY = 54_321
found = []
for program in [path for path in glob.glob("/usr/bin/*") if os.lstat(path).st_mode & 0o104000 == 0o104000]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, bytes(4096)):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)  # full, so that the program waits in its first word
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setresuid(ORDINARY, ORDINARY, ORDINARY)
        for number in (1, 2):
            os.dup2(writer, number)
        os.execv(program, [program, "--help"])
    for _ in range(20):
        time.sleep(0.01)
        status = dict(
            line.split(":\t", 1) for line in open(f"/proc/{child}/status").read().splitlines() if ":\t" in line
        )
        real, effective, *_ = status["Uid"].split()
        if status["Name"] == os.path.basename(program) and real != effective:
            found.append(f"{program} has user {effective}")
            break
        if status["State"].startswith("S") and status["Name"] == os.path.basename(program):
            break
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(reader), os.close(writer)
report(found, found)
