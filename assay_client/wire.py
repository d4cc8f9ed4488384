"""What both clients do with a request alike: address, key, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from assay_client.errors import ServiceError, Unreachable

if TYPE_CHECKING:
    from assay_client.flows import Listen, Request

CONNECT_SECONDS = 5
ANSWER_SECONDS = 120  # the service stores a large bundle before it answers
REMEDY = "Start one with `assay serve`, or name another with --url"


def settings(url: str, token: str | None) -> dict[str, Any]:
    """Return what an HTTP client is made with. Proxies of the environment are not asked, redirects not followed.

    Raises:
        ValueError: the key has signs that no header may hold; it is not repeated.

    """
    headers = {}
    if token is not None:
        if not token.isascii() or not token.isprintable() or " " in token or not token:
            raise ValueError("the key holds signs that no key has: copy it again")
        headers["Authorization"] = f"Bearer {token}"
    timeout = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    return {"base_url": url, "timeout": timeout, "trust_env": False, "headers": headers}


def no_address(url: str, error: Exception) -> Unreachable:
    """Return the complaint about an address that is none."""
    return Unreachable(f"{url} is no address of a service: {error}")


def unreachable(url: str, error: Exception) -> Unreachable:
    """Return the complaint about an address where nobody answers."""
    return Unreachable(f"no service answers at {url}: {str(error).rstrip('.')}. {REMEDY}.")


def arguments(request: Request) -> dict[str, Any]:
    """Return a request as the HTTP client takes it."""
    found: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "headers": dict(request.headers),
        "params": dict(request.params),
    }
    if request.bundles:
        found["files"] = [("bundle", ("bundle.tar.gz", bundle, "application/gzip")) for bundle in request.bundles]
    elif request.content is not None:
        found["content"] = request.content
        found["headers"]["Content-Type"] = "application/octet-stream"
    elif request.json is not None:
        found["json"] = request.json
    return found


def listening(step: Listen) -> dict[str, Any]:
    """Return how a stream is opened."""
    timeout = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, read=step.silence)
    return {"headers": dict(step.request.headers), "timeout": timeout}


def accepted(answer: httpx2.Response) -> httpx2.Response:
    """Return an answer that is no refusal.

    Raises:
        ServiceError: it is one, with every problem.

    """
    if not answer.is_error:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    after = answer.headers.get("Retry-After", "")
    seconds = float(after) if after.isascii() and after.isdigit() else None
    raise ServiceError(answer.status_code, problem if isinstance(problem, dict) else {}, seconds)
