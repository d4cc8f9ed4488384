"""`assay reopen`: open verdicts over proofs again whose checker the operator believes no more."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.options import AsJson, print_json, read_settings
from cli.words import say


def reopen(
    pretend: Annotated[bool, typer.Option("--pretend", help="Say which, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Open again what a revoked checker of proofs decided.

    The settings ASSAY_PROOF_REVOKED and ASSAY_PROOF_FLOOR say whose word counts no more. Workers do it within the hour; this
    command does it at once. Each verdict gets another one beside it, UNVERIFIED, and stays readable.
    """
    from app import actions
    from cli.api_keys import opened

    with opened(read_settings()) as parts:
        found = actions.reopen(parts, pretend=pretend)
    for item in found:
        if as_json:
            print_json(_document(item))
        else:
            begun = f", judged anew as {item.verification_id}" if item.verification_id else ""
            who = f"{item.verdict.publisher}: {item.verdict.claim}"
            say(f"{item.verdict.verdict_id}  {item.verdict.status}  {who}; the checker is {item.refused}{begun}")
    if not found:
        typer.echo("no verdict stands by a checker that is believed no more", err=True)


def _document(item: Any) -> dict[str, Any]:
    return {
        "verdict_id": item.verdict.verdict_id,
        "status": item.verdict.status,
        "publisher": item.verdict.publisher,
        "claim_name": item.verdict.claim,
        "refused": item.refused,
        "verification_id": item.verification_id,
        "new": item.new,
    }
