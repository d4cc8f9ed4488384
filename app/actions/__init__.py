"""Every change of state, once. API, pages, command line and workers call these; nobody else writes rows.

The order never changes: bytes first (content-addressed, so a repeated write is the same write), then rows in one
transaction, then nudges. A crash between two of them leaves an orphan blob or a row without a nudge; the sweeper mends
either. No transaction is open while a stranger's program runs.

    intake       what comes in: bundles, formulas, records, environments
    runs         what workers do with runs: claim, renew, finish, give back
    planning     what comes next for a verification
    ledger       checkpoints over verdicts and corrections
    conclusion   how it ends: verdict, fault, cancellation
    keys         judges' public keys: published, retired
    api_keys     keys by which programs act for publishers
    logins       browsers that have shown such a key
    auditing     stored evidence: never believed, held against signature and rows
    retrying     a faulted one, begun again
    sweeping     what somebody should have done and did not
    presence     which workers are there
    pepper       under which secrets are kept
    webhooks     who is told of events, and what became of each
"""

from app.actions.api_keys import NewKey, create_key, revoke_key, rotate_key
from app.actions.auditing import audit, read_evidence
from app.actions.conclusion import cancel, conclude, fault_verification
from app.actions.intake import (
    publish_environment,
    put_record,
    submit_archive,
    submit_formula,
)
from app.actions.keys import publish_keys, retire_key
from app.actions.ledger import close_day, day_to_close, make_checkpoint
from app.actions.logins import log_in, log_out
from app.actions.parts import Parts
from app.actions.planning import sealed
from app.actions.presence import announce, leave
from app.actions.retrying import retry
from app.actions.runs import cancel_run, claim_run, fail_run, finish_run, look, renew, report_output, report_progress
from app.actions.sweeping import sweep, tidy
from app.actions.webhooks import (
    change_endpoint,
    create_endpoint,
    deliveries_due_in,
    give_up_endpoint,
    replay_delivery,
    rotate_endpoint,
    secrets_of,
    settle_delivery,
    take_deliveries,
    test_endpoint,
)

__all__ = [
    "NewKey",
    "Parts",
    "announce",
    "audit",
    "cancel",
    "cancel_run",
    "change_endpoint",
    "claim_run",
    "close_day",
    "conclude",
    "create_endpoint",
    "create_key",
    "day_to_close",
    "deliveries_due_in",
    "fail_run",
    "fault_verification",
    "finish_run",
    "give_up_endpoint",
    "leave",
    "log_in",
    "log_out",
    "look",
    "make_checkpoint",
    "publish_environment",
    "publish_keys",
    "put_record",
    "read_evidence",
    "renew",
    "replay_delivery",
    "report_output",
    "report_progress",
    "retire_key",
    "retry",
    "revoke_key",
    "rotate_endpoint",
    "rotate_key",
    "sealed",
    "secrets_of",
    "settle_delivery",
    "submit_archive",
    "submit_formula",
    "sweep",
    "take_deliveries",
    "test_endpoint",
    "tidy",
]
