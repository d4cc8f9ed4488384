"""Who asks: what every door hands to the rows that it shows or changes. A value; where it comes from is the door's business.

A caller is one of four:

    a stranger      no key: sees what is public, changes nothing
    a publisher     a key, or the login of one: also sees its own private things, and changes its own, within its scopes
    the operator    a key with the scope `admin`: sees everything and may do everything
    the loopback    no key exists at all and the service answers its own machine only: acts as the publisher that the
                    operator named, sees what that publisher sees, and is answered by the id of any verification, run
                    or verdict. What a page of another site makes a browser ask for is a stranger's all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be used for."""

    CLAIMS_WRITE = "claims:write"  # records; approving statements of proofs
    VERIFICATIONS_WRITE = "verifications:write"  # submit, also file by file; cancel, retry
    VERDICTS_READ = "verdicts:read"  # the publisher's own private records, claims, verifications, runs and verdicts
    EVIDENCE_READ = "evidence:read"  # evidence of these, and their files
    WEBHOOKS_MANAGE = "webhooks:manage"
    ADMIN = "admin"  # everything of everybody, and the keys


#: How publishers and keys may be called: by what can be read in one line of a table.
PUBLISHER_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9 ._@-]{0,62}[A-Za-z0-9._@-])?$"
PUBLISHER_SAID = "1 to 64 letters, digits, blanks and ._@-, with a letter or digit first and no blank last"
NAME_PATTERN = r"^[A-Za-z0-9 ._@/:+()-]{0,100}$"
NAME_SAID = "at most 100 letters, digits, blanks and ._@/:+()-"

#: What a key may do when nobody says otherwise.
USUAL = frozenset({Scope.CLAIMS_WRITE, Scope.VERIFICATIONS_WRITE, Scope.VERDICTS_READ, Scope.EVIDENCE_READ})


@dataclass(frozen=True)
class Budgets:
    """What a key may use; None: as much as it likes."""

    requests_per_minute: int | None = None  # None: as many as the operator's setting says
    queued_runs: int | None = None  # at any moment
    gpu_seconds_per_day: int | None = None  # within the last 24 hours, what is reserved included
    cpu_seconds_per_day: int | None = None  # likewise


NO_BUDGETS = Budgets()


@dataclass(frozen=True)
class Account:
    """Against whose budgets something counts: a key's, and those of all that took its place."""

    id: str
    budgets: Budgets = NO_BUDGETS


@dataclass(frozen=True)
class Caller:
    """Who asks, and what it may do. Everything here was proved before: nothing of it is what a request merely says."""

    publisher: str | None = None  # whose things it writes; None: nobody's
    scopes: frozenset[Scope] = frozenset()
    key_id: str | None = None  # `key_…`; None: no key (a stranger, or the loopback)
    loopback: bool = False
    account: Account | None = None  # None: nobody counts

    @property
    def operator(self) -> bool:
        """Whether everything of everybody is open to it."""
        return Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        """Whether it may do what a scope names, to its own things."""
        return scope in self.scopes or self.operator or self.loopback

    def owns(self, publisher: str) -> bool:
        """Whether what belongs to a publisher is its to change."""
        return self.operator or (self.publisher is not None and self.publisher == publisher)

    @property
    def known(self) -> bool:
        """Whether a key, or the login of one, stands behind it, so that what it is shown is nobody else's to keep."""
        return self.key_id is not None


STRANGER = Caller()
OPERATOR = Caller(scopes=frozenset({Scope.ADMIN}))  # the service itself, for instance its sweeper
