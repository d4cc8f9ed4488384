# attack: threads without end; it stops at 120, to be safe without a box
# stopped by: process limit
# expect: contained
# control: succeeds
# limits: processes=24
import threading

from attack import report

stop, threads = threading.Event(), []
try:
    while len(threads) < 120:
        thread = threading.Thread(target=stop.wait)
        thread.start()
        threads.append(thread)
except RuntimeError:
    pass
report(len(threads) > 24, f"{len(threads)} threads at once")
stop.set()
