# attack: the runner stopped, so that nobody reads the end of the run
# stopped by: wall clock
# expect: timeout wall
# control: none, without a box there is no runner
# limits: wall_ms=800
import os

os.kill(os.getppid(), 19)
