# attack: the host's table of asynchronous input and output, of which one process may take all that its databases need
# stopped by: filter
# expect: contained
# control: succeeds
import ctypes

from attack import call, report_calls

context = ctypes.c_ulong(0)
report_calls(("io_setup", 1, ctypes.byref(context)))
if context.value:
    call("io_destroy", context.value)
