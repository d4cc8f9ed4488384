# attack: another root folder, by chroot and pivot_root, as the way out of a jail begins
# stopped by: filter, no capabilities
# expect: contained
# control: root
import os
import tempfile

from attack import reached, report

mine = tempfile.mkdtemp()
pid = os.fork()
if pid == 0:
    try:
        os.chroot(mine)
        os._exit(1)
    except OSError:
        os._exit(2 if reached("pivot_root", b"/proc", b"/proc") else 0)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
report(status != 0, f"the child ended with {status}")
