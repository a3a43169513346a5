"""usergroups.*: who is in which user group."""

from typing import Any

from ..call import Call, Method, Refusal


def _of_plan(call: Call) -> None:
    if not call.workspace.groups.paid:
        raise Refusal("plan_upgrade_required")


def list_(call: Call) -> dict[str, Any]:
    _of_plan(call)
    users, count, disabled = (call.flag(f"include_{name}") for name in ("users", "count", "disabled"))
    groups = call.workspace.groups
    return {
        "usergroups": [
            group.as_json(users=users, count=count, most=groups.list_users_max)
            for group in groups.all.values()
            if disabled or not group.disabled_at
        ]
    }


def users_list(call: Call) -> dict[str, Any]:
    _of_plan(call)
    group = call.workspace.groups.all.get(call.need("usergroup"))
    if group is None or (group.disabled_at and not call.flag("include_disabled")):
        raise Refusal("no_such_subteam")
    return {"users": list(group.users)}


_READ = ("usergroups:read",)
METHODS = {
    "usergroups.list": Method(list_, "include_count include_disabled include_users team_id", _READ, tier=2),
    "usergroups.users.list": Method(users_list, "usergroup include_disabled team_id", _READ, tier=2),
}
