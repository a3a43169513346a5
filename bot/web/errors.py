"""What goes wrong on the web: JSON for the API, a small helpful page for people."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.platforms.local.journal import NotSaved
from bot.platforms.local.refused import Refused
from bot.web.sessions import LinkUsed

BODY_MOST = 64 * 1024
_log = logging.getLogger(__name__)

_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "bad_json": 400,
        "bad_request": 400,
        "sign_in": 401,
        "link_used": 401,
        "other_origin": 403,
        "not_yours": 403,
        "not_allowed": 403,
        "not_present": 403,
        "nothing_next": 409,
        "cannot_travel": 409,
        "name_taken": 409,
        "already_here": 409,
        "too_large": 413,
        "not_json": 415,
        "wrong_host": 421,
        "too_long": 422,
        "empty": 422,
        "bad_value": 422,
        "slow_down": 429,
        "broken": 500,
        "not_saved": 503,
    }
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Kith</title>
<link rel="icon" href="/static/icons/kith.svg">
<link rel="stylesheet" href="/static/base.css">
</head>
<body>
<main>
<h1>{title}</h1>
<p>{words}</p>{link}
</main>
</body>
</html>
"""
_LINK = '\n<p class="way-on"><a class="button button--main" href="{1}">{0}</a></p>'


def status_of(code: str) -> int:
    """The HTTP status of an error code; those for unknown things are all 404."""
    return _STATUS.get(code, 404)


def page(status: int, title: str, words: str, link: tuple[str, str] | None = None) -> web.Response:
    """A page of a heading, a line that says what to do, and perhaps a link: its label and address."""
    shown = _LINK.format(*map(html.escape, link)) if link is not None else ""
    text = _PAGE.format(title=html.escape(title), words=html.escape(words), link=shown)
    return web.Response(status=status, text=text, content_type="text/html")


def refusal(refused: Refused) -> web.Response:
    body = {"error": refused.code, "message": refused.message, **refused.more}
    response = web.json_response(body, status=status_of(refused.code))
    if refused.code == "slow_down":
        response.headers["Retry-After"] = str(refused.more.get("seconds", 1))
    if refused.code == "sign_in":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place where what was raised becomes an answer."""
    try:
        return await handler(request)
    except Refused as refused:
        return _answer(request, refused)
    except LinkUsed:
        return _answer(
            request,
            Refused(
                "link_used",
                "This link was used, or is older than 15 minutes. "
                "“python3 start.py link”, or “kith link”, prints a new one where Kith runs.",
            ),
        )
    except NotSaved as error:
        _log.error("The room could not be saved: %s", error)
        words = (
            "The disk can't take this, perhaps because it is full; “python3 start.py doctor” tells. "
            "It is kept until there is room, so don't send it again."
        )
        return _answer(request, Refused("not_saved", words))
    except web.HTTPRequestEntityTooLarge:
        words = (
            f"That is too much at once: a request holds at most {BODY_MOST // 1024} KiB. Send it in parts."
        )
        return _answer(request, Refused("too_large", words, limit=BODY_MOST))
    except web.HTTPNotFound:
        return _answer(request, Refused("not_found", "There is nothing at this address."))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        response = _answer(request, Refused("wrong_method", f"This address takes {allowed}."))
        response.set_status(405)
        response.headers["Allow"] = allowed
        return response
    except web.HTTPException:
        raise
    except Exception:
        _log.exception("A request to %s broke", request.path)
        return _answer(
            request, Refused("broken", "Something broke on our side. Try again; the log says more.")
        )


_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "not_found": "Nothing here",
        "link_used": "This link is spent",
        "sign_in": "The door is closed",
        "wrong_host": "Wrong address",
    }
)


def _answer(request: web.Request, refused: Refused) -> web.Response:
    if request.path.startswith("/api/"):
        return refusal(refused)
    words = refused.message
    if refused.code == "not_found":
        words += " The room is at the front door: “/”."
    return page(status_of(refused.code), _TITLES.get(refused.code, "That did not work"), words)
