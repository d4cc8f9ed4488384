# attack: the kernel's keyrings, which are shared beyond namespaces
# stopped by: filter
# expect: contained
# control: kernel
from attack import report_calls

SESSION = -3
report_calls(("add_key", b"user", b"assay", b"1", 1, SESSION), ("keyctl", 0, SESSION, 1))
