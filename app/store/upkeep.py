"""Triggers that keep the feed's two tables, for both dialects: what happens to a verdict happens to them in one statement.

    listing   one row for each verdict: who may see it, and in which bucket it lies
    tally     for each audience and bucket, how many rows of the listing there are

A bucket is one combination of status, kind of reproduction, reason and blame; there are some dozens. Each filter of the
feed is a set of buckets, and within a bucket an index knows the order. So a page of the feed costs as much in a large
table as in a small one, however rare what it looks for is, and every count is the sum of a few rows.

The audience is '' where strangers may know of the claim, `~` and the publisher where its record is public and its claims
are closed, else the publisher. It changes with the record or claim, and takes all of their verdicts along.

Verdicts are never changed nor removed, so nothing else is to be kept. Rows of the tally are locked in their order, and
before the ledger's turn is taken: as every conclusion and every change of a record does.
"""

from __future__ import annotations

_KIND = {
    "sqlite": "COALESCE(json_extract(v.document, '$.reproduce.kind'), '')",
    "postgresql": "COALESCE(v.document::json #>> '{reproduce,kind}', '')",
}
CLOSED = "~"  # begins the audience of closed claims of public records; no publisher is called so
AUDIENCE = (
    "CASE WHEN (c.record_id IS NULL AND c.visibility = 'public') OR (r.visibility = 'public' AND r.claims_public) THEN ''"
    f" WHEN r.visibility = 'public' THEN '{CLOSED}' || c.publisher ELSE c.publisher END"
)
_BUCKET = "d.status || '/' || {kind} || '/' || d.reason_code || '/' || COALESCE(d.blame, '')"
_FROM = (
    " FROM verdict d JOIN claim c ON c.id = d.claim_id JOIN claim_revision v ON v.id = d.claim_revision_id"
    " LEFT JOIN record r ON r.id = c.record_id WHERE {where}"
)
_LIST = (
    ("INSERT INTO listing (verdict_id, audience, bucket, evaluated_at) SELECT d.id, " + AUDIENCE + ", " + _BUCKET)
    + ", d.evaluated_at"
    + _FROM
)
_COUNT = (
    "INSERT INTO tally (audience, bucket, status, kind, reason_code, blame, number)"
    " SELECT l.audience, l.bucket, d.status, {kind}, d.reason_code, d.blame, COUNT(*)"
    " FROM listing l JOIN verdict d ON d.id = l.verdict_id JOIN claim_revision v ON v.id = d.claim_revision_id"
    " WHERE {where} GROUP BY l.audience, l.bucket, d.status, {kind}, d.reason_code, d.blame"
    " ORDER BY l.audience, l.bucket"
    " ON CONFLICT (audience, bucket) DO UPDATE SET number = tally.number + excluded.number"
)
#: What moves is taken from the audience that it had and given to the one that it gets, in one statement: rows that are
#: locked in two orders would end in a deadlock.
_SHIFT = (
    "INSERT INTO tally (audience, bucket, status, kind, reason_code, blame, number)"
    " SELECT m.audience, m.bucket, t.status, t.kind, t.reason_code, t.blame, m.number FROM"
    " (SELECT audience, bucket, MAX(had) AS had, SUM(number) AS number FROM"
    " (SELECT l.audience, l.bucket, l.audience AS had, -1 AS number FROM listing l WHERE l.verdict_id IN ({moved})"
    " UNION ALL SELECT " + AUDIENCE + ", l.bucket, l.audience, 1 FROM listing l JOIN verdict d ON d.id = l.verdict_id"
    " JOIN claim c ON c.id = d.claim_id LEFT JOIN record r ON r.id = c.record_id WHERE l.verdict_id IN ({moved})) AS e"
    " GROUP BY audience, bucket) AS m JOIN tally t ON t.audience = m.had AND t.bucket = m.bucket"
    " WHERE m.number <> 0 ORDER BY m.audience, m.bucket"
    " ON CONFLICT (audience, bucket) DO UPDATE SET number = tally.number + excluded.number"
)
_MOVE = (
    "UPDATE listing SET audience = (SELECT " + AUDIENCE + " FROM verdict d JOIN claim c ON c.id = d.claim_id"
    " LEFT JOIN record r ON r.id = c.record_id WHERE d.id = listing.verdict_id) WHERE verdict_id IN ({moved})"
)
_OF_CLAIM = "SELECT d.id FROM verdict d WHERE d.claim_id = NEW.id"
_OF_RECORD = "SELECT d.id FROM verdict d JOIN claim c ON c.id = d.claim_id WHERE c.record_id = NEW.id"

#: trigger -> (table, columns whose change it answers, "" for a new row)
TRIGGERS: dict[str, tuple[str, str]] = {
    "verdict_listed": ("verdict", ""),
    "record_listed": ("record", "visibility, claims_public"),
    "claim_listed": ("claim", "visibility"),
}


def _steps(trigger: str, dialect: str) -> list[str]:
    if trigger == "verdict_listed":
        kind = _KIND[dialect]
        listed, counted = (
            _LIST.format(kind=kind, where="d.id = NEW.id"),
            _COUNT.format(kind=kind, where="l.verdict_id = NEW.id"),
        )
        # Who closes a claim at this moment does not see our verdict, nor do we see the claim closed: the second one waits.
        waits = ["PERFORM 1 FROM claim WHERE id = NEW.claim_id FOR SHARE"] if dialect == "postgresql" else []
        return [*waits, listed, counted]
    moved = _OF_RECORD if trigger == "record_listed" else _OF_CLAIM
    return [_SHIFT.format(moved=moved), _MOVE.format(moved=moved)]


def statements(dialect: str) -> list[str]:
    """Return the statements that create the triggers."""
    found = []
    for trigger, (table, columns) in TRIGGERS.items():
        body = "; ".join(_steps(trigger, dialect))
        event = f"UPDATE OF {columns}" if columns else "INSERT"
        if dialect == "sqlite":
            found.append(f"CREATE TRIGGER {trigger} AFTER {event} ON {table} BEGIN {body}; END")
            continue
        found += [
            f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$",
            f"CREATE TRIGGER {trigger} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()",
        ]
    return found


def anew(dialect: str) -> list[str]:
    """Return the statements that make both tables from the verdicts that are there."""
    kind = _KIND[dialect]
    fill = _LIST.format(kind=kind, where="1 = 1"), _COUNT.format(kind=kind, where="1 = 1")
    return ["DELETE FROM tally", "DELETE FROM listing", *fill]
