"""Every kind of problem that the HTTP door answers with: one table from which documents, pages and docs are made.

A problem's `type` is `/problems/CODE`, and that address answers with the entry of this table. `docs/problems.md` is
`python -m app.api.kinds`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of problem."""

    status: int  # of the answer
    title: str  # the same in every document of this kind
    happened: str
    remedy: str


KINDS: dict[str, Kind] = {
    "bad-request": Kind(
        400,
        "The request cannot be read",
        "The request is not well-formed HTTP, or its body could not be parsed.",
        "Compare it with the description of the operation in `/openapi.json`.",
    ),
    "not-utf8": Kind(
        400,
        "The body is not UTF-8",
        "A JSON body must be UTF-8 text; this one has bytes or escapes that are no characters.",
        "Encode the document as UTF-8 and send it again. Nothing was stored.",
    ),
    "not-json": Kind(
        400,
        "The body is not JSON",
        "The body does not parse as one JSON document, names a key twice, or holds NaN or an infinity.",
        "Check the document with a JSON parser and send it again. Nothing was stored.",
    ),
    "bad-multipart": Kind(
        400,
        "The multipart body cannot be read",
        "The body is not well-formed `multipart/form-data` with exactly one part, a file named `bundle`.",
        "Send one file part, for example with `curl -F bundle=@bundle.tar.gz`. Nothing was stored.",
    ),
    "idempotency-key-needed": Kind(
        400,
        "A request that spends GPU time needs an Idempotency-Key",
        "The claim asks for a GPU. Sent twice after a lost answer, such a request would spend GPU time twice.",
        "Send it with a header `Idempotency-Key` of your choice, and repeat it with the same one; `assay submit` does so by"
        " itself. Nothing was stored.",
    ),
    "key-needed": Kind(
        401,
        "A key is needed",
        "Whoever changes something here, or asks for what is not public, shows an API key. This request showed none.",
        "Send `Authorization: Bearer assay_live_…`; the operator makes keys with `assay keys create`. Nothing was stored.",
    ),
    "signature-refused": Kind(
        401,
        "The webhook is not signed",
        "The request is not signed with a secret of this source, its time is more than five minutes away, or there is no"
        " such source. Which of these it is, is not told. It was counted; no work was done.",
        "Compare address, secret and kind with what `assay sources add` printed, then let the forge deliver it again.",
    ),
    "key-refused": Kind(
        401,
        "The key is not good",
        "The request shows a key that this service does not know, or knows no longer: it may be misspelt, expired or"
        " revoked. Which of these it is, is not told.",
        "Compare the key with the one that you were given, or ask the operator for another. Nothing was stored.",
    ),
    "scope-missing": Kind(
        403,
        "The key is not for this",
        "The key is good, but its scopes do not cover this request; `detail` names the one that is missing.",
        "Use a key with that scope, or ask the operator for one. Nothing was stored.",
    ),
    "budget-too-small": Kind(
        403,
        "The claim is larger than a budget of the key",
        "The claim may take more than the whole of a budget of this key, so waiting does not help; `budget` says which.",
        "Lower its `[limits]`, or ask the operator for a larger budget. Nothing was stored.",
    ),
    "not-yours": Kind(
        403,
        "It is another publisher's",
        "What everybody may read belongs to another publisher, and only a key of that publisher changes it.",
        "Use a key of its publisher. A record of your own may have the same id of your choice. Nothing was changed.",
    ),
    "not-local": Kind(
        403,
        "Only this machine is served",
        "The request comes from an address outside of the setting `allow_clients`, which names this machine alone unless the"
        " operator says otherwise.",
        "Run the command on the machine of the service, or ask its operator.",
    ),
    "foreign-origin": Kind(
        403,
        "The request comes from another web page",
        "A browser sent this request on behalf of a page of another origin. Such requests may read and change nothing.",
        "Send it from a program, or from the service's own address.",
    ),
    "form-refused": Kind(
        403,
        "The form is not one of this login",
        "A form of a page carries a token that only pages made for whoever is logged in know. This one carries none, or that"
        " of a login that is over, as a page does that was open for long.",
        "Load the page again and press the button there. Nothing was changed.",
    ),
    "login-insecure": Kind(
        403,
        "Nobody logs in without TLS",
        "The browser reached this service without TLS, under a name that is not this machine's own. A key that is typed in"
        " there could be read on its way, and so could everything that it opens.",
        "Open the page with https; the operator puts what speaks TLS in front. Treat a key that was sent as read by others.",
    ),
    "not-found": Kind(
        404,
        "There is no such thing",
        "Nothing exists under this address, or you may not know of it.",
        "Check the id. Addresses to follow are in the `urls` of every answer.",
    ),
    "method-not-allowed": Kind(
        405,
        "The address does not know this method",
        "The address exists, but not for this HTTP method.",
        "Use one of the methods in the `Allow` header.",
    ),
    "not-retryable": Kind(
        409,
        "It cannot be tried again",
        "Only a verification that ended `faulted`, by a failure of the service, is tried again under its own seal, and only"
        " while what it was sealed with is still there. `errors` says what stands in the way.",
        "Do what `errors` says; to verify a claim anew although it has a verdict, submit it with `?force=true`.",
    ),
    "key-in-flight": Kind(
        409,
        "The same request is being answered",
        "Another request with this `Idempotency-Key` has not been answered yet.",
        "Wait a moment and send it again: it is then answered as the first one was.",
    ),
    "key-over": Kind(
        409,
        "The key is no longer good",
        "Only a key that is neither expired nor revoked is given a successor.",
        "Make a new key instead.",
    ),
    "endpoint-disabled": Kind(
        409,
        "The endpoint is disabled",
        "A disabled webhook endpoint is sent nothing, neither tests nor repetitions.",
        'Enable it with `PATCH` and `{"state": "enabled"}`, then ask again.',
    ),
    "not-again": Kind(
        409,
        "There is nothing to be done again",
        "What came by a webhook is done, or failed so long ago that its payload is no longer kept; or the commit was told; "
        "or it is being worked on, told or delivered at this moment.",
        "Let the sender deliver it again, or push; or look at what comes of it. `detail` says which of these it is.",
    ),
    "body-too-slow": Kind(
        408,
        "The body did not come in time",
        "A webhook's body has a minute to come; forges give up after ten seconds. Nothing was stored.",
        "Deliver it again, over a connection that is faster.",
    ),
    "condition-failed": Kind(
        412,
        "It was changed meanwhile",
        "The `ETag` in `If-Match` is not that of the thing as it is now: somebody changed it since it was read.",
        "Read it again, look whether the change is still wanted, and send it with the new `ETag`. Nothing was changed.",
    ),
    "condition-needed": Kind(
        428,
        "A change says what it changes",
        "This change needs the header `If-Match`, so that it cannot undo what somebody else did meanwhile.",
        "Read the thing and send its `ETag` as `If-Match`; `*` stands for however it is. Nothing was changed.",
    ),
    "claim-of-record": Kind(
        409,
        "The claim is as open as its record says",
        "Only a claim that belongs to no record is released or taken back by itself.",
        "Change `claims_visibility` of its record, for all of its claims. Nothing was changed.",
    ),
    "content-too-large": Kind(
        413,
        "The body is too large",
        "The request body is larger than the service accepts.",
        "Leave data out, send the files of a bundle one by one to `/v1/blobs`, or ask the operator to raise the setting"
        " `ASSAY_BODY_BYTES_MAX`. Nothing was stored.",
    ),
    "unsupported-media-type": Kind(
        415,
        "The body is of a type that is not read here",
        "Bundles come as `multipart/form-data`, formula claims, lists of files and records as `application/json`.",
        "Set the `Content-Type` header to what the body is. Nothing was stored.",
    ),
    "range-not-there": Kind(
        416,
        "There is nothing in this range",
        "The header `Range` names bytes behind the end; `Content-Range` says how many there are.",
        "Ask for an earlier range, or for the whole without `Range`.",
    ),
    "unknown-host": Kind(
        421,
        "The Host header names another service",
        "The request was addressed to a name that this service does not go by. A page that rebinds its own name to this"
        " machine looks like that, so it is refused.",
        "Use `http://127.0.0.1:PORT` or `http://localhost:PORT`, or add the name to the setting `allow_hosts`.",
    ),
    "bad-cursor": Kind(
        422,
        "The cursor does not belong here",
        "`cursor` was not given by this service for this list with these filters.",
        "Begin again without it, and follow `next_cursor` with the filters left as they are.",
    ),
    "key-of-another": Kind(
        422,
        "The key belongs to another request",
        "This `Idempotency-Key` came with another body or other parameters before.",
        "Use a fresh key for what is new, and the same one only to repeat a request as it was. Nothing was stored.",
    ),
    "bundle-refused": Kind(
        422,
        "The claim is not accepted",
        "The bundle or the claim in it is not acceptable. Everything that was found stands in `errors`, with file, line,"
        " reason and remedy.",
        "Correct what `errors` names and submit again; `assay verify PATH` finds the same on your own machine. Nothing was"
        " stored.",
    ),
    "digest-mismatch": Kind(
        422,
        "The file has another digest than its address",
        "The bytes of the body do not have the SHA-256 that the address names: they were changed on their way, or the"
        " address is that of another file.",
        "Hash the file again and send it to `/v1/blobs/sha256:` and what comes of it. Nothing was stored.",
    ),
    "invalid-request": Kind(
        422,
        "The request does not fit its description",
        "A parameter or a field of the body is missing, unknown or out of range; `errors` says which.",
        "Compare the request with the operation in `/openapi.json`. Nothing was stored.",
    ),
    "missing-bundle": Kind(
        422,
        "There is no bundle in the request",
        "The multipart body has no file part named `bundle`.",
        "Send the archive as the file part `bundle`, for example with `curl -F bundle=@bundle.tar.gz`. Nothing was stored.",
    ),
    "too-many-requests": Kind(
        429,
        "Too many requests within a minute",
        "Whoever stands behind this key, or asks from this address without one, has asked more often within a minute than"
        " the operator allows; `detail` and the header `RateLimit` say by which rule.",
        "Come back after `Retry-After` seconds; to follow a verification use its stream of events. Nothing was stored.",
    ),
    "budget-used": Kind(
        429,
        "A budget of the key is used up",
        "The claim would take more than is left of a budget of this key; `budget` says which, how much of it is used, what"
        " the claim may take at most, and when enough is free at the latest. A claim that is known already costs nothing.",
        "Send it again when it fits, lower its `[limits]`, or ask the operator for a larger budget. Nothing was stored.",
    ),
    "no-room": Kind(
        429,
        "So many files were sent that there is no room for more",
        "Files that are sent one by one are kept for a day, and a publisher has only so much room for them; the operator"
        " says how much, by the setting `upload_bytes_max`.",
        "Send the bundle as one archive, or come back after `Retry-After` seconds, when some of it is forgotten. The file"
        " was not kept.",
    ),
    "too-many-streams": Kind(
        429,
        "Too many streams are open",
        "This service follows as many streams of events as it can, or as many as one key or address may have.",
        "Close those that you need no more, or come back after `Retry-After` seconds; the list of events answers as ever.",
    ),
    "internal-error": Kind(
        500,
        "The service failed",
        "Something unforeseen happened on our side. It says nothing about any claim.",
        "Try again; if it stays, give the `request_id` to the operator, whose log has the reason.",
    ),
    "service-fault": Kind(
        500,
        "The service found itself broken",
        "Stored bytes are missing or no longer those that were sealed, so nothing of them is shown. It says nothing about"
        " any claim.",
        "Give the `request_id` to the operator, whose log names the part and the remedy.",
    ),
    "no-environment": Kind(
        503,
        "No worker is ready yet",
        "No worker has published an environment that claims can be sealed with. The claim itself was not looked at.",
        "Send it again after `Retry-After` seconds; an operator starts a worker on the same database. Nothing was stored.",
    ),
    "not-ready": Kind(
        503,
        "A part of the service is missing",
        "The check of `/readyz` found a part that does not work; `detail` names it.",
        "Wait for it, or mend it: the service's log says more.",
    ),
    "store-unavailable": Kind(
        503,
        "The database does not answer",
        "The database cannot be reached or is busy beyond patience. Nothing was stored.",
        "Send the request again after `Retry-After` seconds.",
    ),
}

#: What the framework raises by number alone.
BY_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "content-too-large",
    416: "range-not-there",
}


def of_status(status: int) -> str:
    """Return the code for an error of which only the status is known."""
    return BY_STATUS.get(status, "bad-request" if status < 500 else "internal-error")


def markdown() -> str:
    """Return the table as a page of the documentation."""
    head = (
        "# Problems\n\n"
        "Every error of the HTTP interface is a problem document (RFC 9457, `application/problem+json`) with `type`,\n"
        "`title`, `status`, `detail`, `remedy`, `instance`, `request_id` and `errors`. Its `type` is `/problems/CODE`; the\n"
        "running service explains each under that address. This page is made from the same table by\n"
        "`python -m app.api.kinds`.\n"
    )
    parts = [
        f"\n## {code}\n\n**{kind.title}** ({kind.status})\n\n{kind.happened}\n\n{kind.remedy}\n"
        for code, kind in KINDS.items()
    ]
    return head + "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(markdown())
