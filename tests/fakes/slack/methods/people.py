"""auth.test, team.info, users.*, bots.info, emoji.list."""

from typing import Any

from ..call import Call, Method, Refusal


def auth_test(call: Call) -> dict[str, Any]:
    if call.token.kind == "app":
        return {"app_name": call.slack.app.name, "app_id": call.slack.app.id}
    workspace, user = call.workspace, call.user
    answer: dict[str, Any] = {
        "url": workspace.url,
        "team": workspace.name,
        "user": user.name,
        "team_id": workspace.id,
        "user_id": user.id,
        "is_enterprise_install": call.slack.app.org_wide,
    }
    if user.bot_id:
        answer["bot_id"] = user.bot_id
    if call.token.expires_at is not None:
        answer["expires_in"] = int(call.token.expires_at - call.slack.clock.now())
    return answer


def team_info(call: Call) -> dict[str, Any]:
    workspace = call.workspace
    if call.text("team") not in ("", workspace.id):
        raise Refusal("team_not_found")
    team = {
        "id": workspace.id,
        "name": workspace.name,
        "domain": workspace.domain,
        "email_domain": "",
        "url": workspace.url,
        "icon": {"image_34": f"{workspace.url}icon_34.png", "image_default": True},
        "is_verified": False,
    }
    return {"team": team}


def _user(call: Call, person: Any) -> dict[str, Any]:
    data: dict[str, Any] = person.as_json(
        email="users:read.email" in call.token.scopes,
        stranger=person.workspace is not call.workspace,
        locale=call.flag("include_locale"),
    )
    return data


def users_list(call: Call) -> dict[str, Any]:
    people = list(call.workspace.people.values())
    found, meta = call.page(people, max(1, min(1000, len(people))))
    return {
        "members": [_user(call, person) for person in found],
        "cache_ts": int(call.slack.clock.now()),
        **meta,
    }


def users_info(call: Call) -> dict[str, Any]:
    if not call.text("user"):
        raise Refusal("user_not_found")
    return {"user": _user(call, call.known_user(call.text("user")))}


def lookup_by_email(call: Call) -> dict[str, Any]:
    email = call.need("email").lower()
    for person in call.workspace.people.values():
        if person.email.lower() == email and not person.deleted:
            return {"user": _user(call, person)}
    raise Refusal("users_not_found")


def profile_get(call: Call) -> dict[str, Any]:
    person = call.known_user(call.text("user")) if call.text("user") else call.user
    email = "users:read.email" in call.token.scopes
    return {"profile": person.profile(email=email)}


def bots_info(call: Call) -> dict[str, Any]:
    for person in call.workspace.people.values():
        if person.bot_id and person.bot_id == call.text("bot"):
            profile = person.bot_profile()
            profile.pop("team_id")
            return {"bot": {**profile, "user_id": person.id}}
    raise Refusal("bot_not_found")


def emoji_list(call: Call) -> dict[str, Any]:
    return {"emoji": dict(call.workspace.emoji), "cache_ts": call.slack.new_ts()}


METHODS = {
    "auth.test": Method(auth_test, "", tier=None, tokens=("bot", "user", "app"), json=True),
    "team.info": Method(team_info, "team domain", ("team:read",)),
    "users.list": Method(users_list, "cursor limit include_locale team_id", ("users:read",), tier=2),
    "users.info": Method(users_info, "user include_locale", ("users:read",), tier=4),
    "users.lookupByEmail": Method(lookup_by_email, "email", ("users:read.email",)),
    "users.profile.get": Method(profile_get, "user include_labels", ("users.profile:read",), tier=4),
    "bots.info": Method(bots_info, "bot team_id", ("users:read",)),
    "emoji.list": Method(emoji_list, "include_categories", ("emoji:read",), tier=2),
}
