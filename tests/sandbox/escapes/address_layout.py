# attack: a process whose addresses can be foreseen, or whose data can be executed
# stopped by: filter
# expect: contained
# control: succeeds
from attack import call, report

NO_RANDOM_ADDRESSES, READ_IS_EXECUTE = 0x0040000, 0x0400000
answers = [call("personality", flag)[1] for flag in (NO_RANDOM_ADDRESSES, READ_IS_EXECUTE)]
call("personality", 0)
report(0 in answers, answers)
