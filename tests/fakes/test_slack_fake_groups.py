"""The fake Slack's user groups: what calls and events tell of them, and to whom."""

from __future__ import annotations

from tests.fakes.slack.setting import error, workshop


async def test_groups_are_listed_with_and_without_their_members() -> None:
    async with workshop() as (_, workspace, ana, client):
        hosts = workspace.groups.add("Hosts", ana)
        (bare,) = (await client.usergroups_list())["usergroups"]
        assert "users" not in bare
        assert (bare["id"], bare["name"], bare["handle"]) == (hosts.id, "Hosts", "hosts")
        (full,) = (await client.usergroups_list(include_users=True, include_count=True))["usergroups"]
        assert (full["users"], full["user_count"]) == ([ana.id], 1)
        assert (await client.usergroups_users_list(usergroup=hosts.id))["users"] == [ana.id]
        workspace.groups.disable(hosts)
        assert (await client.usergroups_list())["usergroups"] == []
        assert len((await client.usergroups_list(include_disabled=True))["usergroups"]) == 1
        assert await error(client.usergroups_users_list(usergroup=hosts.id)) == "no_such_subteam"


async def test_groups_need_a_scope_and_a_plan() -> None:
    async with workshop() as (_, workspace, _ana, client):
        workspace.groups.paid = False
        assert await error(client.usergroups_list()) == "plan_upgrade_required"
        workspace.set_scopes("users:read")
        assert await error(client.usergroups_list()) == "missing_scope"
        assert await error(client.usergroups_users_list(usergroup="S1")) == "missing_scope"


async def test_changes_are_told_cut_off_at_five_hundred_and_only_to_who_may_know() -> None:
    async with workshop() as (slack, workspace, ana, _):
        slack.delivery.hold()
        hosts = workspace.groups.add("Hosts", quiet=False)
        workspace.groups.set(hosts, ana, *[workspace.member(f"P {number}") for number in range(500)])
        created, updated, moved = [payload["event"] for payload in slack.delivery._held]
        assert [created["type"], updated["type"]] == ["subteam_created", "subteam_updated"]
        assert (len(updated["subteam"]["users"]), updated["subteam"]["user_count"]) == (500, 501)
        assert (moved["type"], moved["added_users_count"]) == ("subteam_members_changed", 501)
        workspace.set_scopes("users:read")
        workspace.groups.rename(hosts, "The hosts")
        assert slack.delivery.held == 3
