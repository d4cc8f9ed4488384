# attack: a new user namespace, in which the program would be root, by unshare
# stopped by: filter, user namespace
# expect: contained
# control: succeeds
import os

from attack import report, call

pid = os.fork()
if pid == 0:
    os._exit(call("unshare", 0x10000000)[1])
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
report(code == 0, f"errno {code}")
