"""Every change of state, once. API, pages, command line and workers call these; nobody else writes rows.

The order never changes: bytes first (content-addressed, so a repeated write is the same write), then rows in one
transaction, then nudges. A crash between two of them leaves an orphan blob or a row without a nudge; the sweeper mends
either. No transaction is open while a stranger's program runs.

    intake       what comes in: bundles, formulas, records, environments
    runs         what workers do with runs: claim, renew, finish, give back
    planning     what comes next for a verification
    ledger       checkpoints over verdicts and corrections
    approvals    statements of proofs, approved by their publisher
    conclusion   how it ends: verdict, fault, cancellation
    keys         judges' public keys: published, retired
    api_keys     keys by which programs act for publishers
    logins       browsers that have shown such a key
    hooks        webhooks that come in: deliveries, their claims, what commits are told
    sources      who may send them
    auditing     stored evidence: never believed, held against signature and rows
    retrying     a faulted one, begun again
    reopening    verdicts of checkers that may decide nothing any more, corrected
    sweeping     what somebody should have done and did not
    presence     which workers are there
    uploads      files that are sent one by one
    pepper       under which secrets are kept
    webhooks     who is told of events, and what became of each
"""

from app.actions.api_keys import NewKey, create_key, revoke_key, rotate_key
from app.actions.approvals import approval_of, approve, terms_of
from app.actions.auditing import audit, read_evidence
from app.actions.conclusion import cancel, conclude, fault_verification
from app.actions.hooks import (
    check_delivery,
    clear_refusal,
    count_refusal,
    note_not_told,
    note_told,
    postpone_hook,
    receive,
    refuse_on_commit,
    reported_folders,
    said_by,
    settle_hook,
    submit_from_commit,
    submit_from_program,
    take_hook,
    take_in,
    take_report,
    tell_commits,
)
from app.actions.intake import (
    change_claim,
    publish_assets,
    publish_environment,
    put_record,
    submit_archive,
    submit_files,
    submit_formula,
)
from app.actions.keys import publish_keys, retire_key
from app.actions.ledger import close_day, day_to_close, make_checkpoint
from app.actions.logins import log_in, log_out
from app.actions.parts import Parts
from app.actions.planning import sealed
from app.actions.presence import announce, leave
from app.actions.reopening import Reopened, reopen
from app.actions.retrying import retry
from app.actions.runs import (
    cancel_run,
    claim_run,
    fail_run,
    finish_run,
    left_by,
    look,
    renew,
    report_output,
    report_progress,
)
from app.actions.sources import (
    NewSource,
    OpenSource,
    add_source,
    open_source,
    remove_source,
    replay_incoming,
    rotate_source,
)
from app.actions.sweeping import sweep, tidy
from app.actions.uploads import NoRoom, check_room, keep_blob
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
    "NewSource",
    "NoRoom",
    "OpenSource",
    "Parts",
    "Reopened",
    "add_source",
    "announce",
    "approval_of",
    "approve",
    "audit",
    "cancel",
    "cancel_run",
    "change_claim",
    "change_endpoint",
    "check_delivery",
    "check_room",
    "claim_run",
    "clear_refusal",
    "close_day",
    "conclude",
    "count_refusal",
    "create_endpoint",
    "create_key",
    "day_to_close",
    "deliveries_due_in",
    "fail_run",
    "fault_verification",
    "finish_run",
    "give_up_endpoint",
    "keep_blob",
    "leave",
    "left_by",
    "log_in",
    "log_out",
    "look",
    "make_checkpoint",
    "note_not_told",
    "note_told",
    "open_source",
    "postpone_hook",
    "publish_assets",
    "publish_environment",
    "publish_keys",
    "put_record",
    "read_evidence",
    "receive",
    "refuse_on_commit",
    "remove_source",
    "renew",
    "reopen",
    "replay_delivery",
    "replay_incoming",
    "report_output",
    "report_progress",
    "reported_folders",
    "retire_key",
    "retry",
    "revoke_key",
    "rotate_endpoint",
    "rotate_key",
    "rotate_source",
    "said_by",
    "sealed",
    "secrets_of",
    "settle_delivery",
    "settle_hook",
    "submit_archive",
    "submit_files",
    "submit_formula",
    "submit_from_commit",
    "submit_from_program",
    "sweep",
    "take_deliveries",
    "take_hook",
    "take_in",
    "take_report",
    "tell_commits",
    "terms_of",
    "test_endpoint",
    "tidy",
]
