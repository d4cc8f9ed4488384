# attack: limits so low for the runner that it cannot read the result
# stopped by: judge
# expect: nothing
# note: no regular file, or is closed
# control: none, without a box there is no runner
import os
import resource

from attack import report

resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))
report(True, "it was read all the same")
