"""Slack's authorize page, for browsers: who allows the app where."""

import html
from typing import TYPE_CHECKING

from aiohttp import web

from .app import OAuthPageError

if TYPE_CHECKING:
    from .server import FakeSlack


async def serve(slack: "FakeSlack", request: web.BaseRequest) -> web.StreamResponse:
    """GET shows the page, POST is the press of "Allow" or "Cancel" in it."""
    query = dict(request.query)
    try:
        slack.app.check_authorize(query)
        if request.method != "POST":
            return web.Response(text=_page(slack, query), content_type="text/html")
        form = await request.post()
        if "allow" not in form:
            return _to(slack.app.deny(query))
        person = slack.people.get(str(form.get("user")))
        if person is None:
            return web.Response(status=400, text="who are you?")
        return _to(slack.app.grant(query, person.workspace, person))
    except OAuthPageError as error:
        text = f"<h1>Something went wrong when authorizing this app.</h1><p>{html.escape(str(error))}</p>"
        return web.Response(text=text, content_type="text/html")


def _to(address: str) -> web.Response:
    return web.Response(status=302, headers={"Location": address})


def _page(slack: "FakeSlack", query: dict[str, str]) -> str:
    scopes = "".join(f"<li>{html.escape(scope)}</li>" for scope in query.get("scope", "").split(",") if scope)
    people = "".join(
        f'<option value="{person.id}">{html.escape(f"{person.real_name}, {person.workspace.name}")}</option>'
        for person in slack.people.values()
        if not person.is_bot and query.get("team") in (None, "", person.workspace.id)
    )
    return (
        f"<h1>{html.escape(slack.app.name)} is requesting permission</h1><ul>{scopes}</ul>"
        f'<form method="post"><select name="user">{people}</select>'
        '<button name="allow">Allow</button><button name="cancel">Cancel</button></form>'
    )
