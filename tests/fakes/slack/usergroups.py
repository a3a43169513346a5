"""User groups of a workspace, and the events that tell of them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .people import Person
    from .workspace import Workspace

EVENT_USERS_MAX = 500


@dataclass(eq=False)
class UserGroup:
    """A user group; `disabled_at` is 0 while it is in use. Times are whole seconds, as Slack tells them."""

    id: str
    workspace: "Workspace"
    name: str
    handle: str
    created: int
    users: list[str] = field(default_factory=list)
    updated: int = 0
    disabled_at: int = 0

    def as_json(self, *, users: bool, count: bool, most: int | None = None) -> dict[str, Any]:
        data: dict[str, Any] = {
            "id": self.id,
            "team_id": self.workspace.id,
            "is_usergroup": True,
            "is_subteam": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_create": self.created,
            "date_update": self.updated,
            "date_delete": self.disabled_at,
            "auto_provision": False,
            "enterprise_subteam_id": "",
            "created_by": "U00000001",
            "updated_by": "U00000001",
            "prefs": {"channels": [], "groups": []},
            "channel_count": 0,
        }
        if users:
            data["users"] = self.users[:most]
        if count:
            data["user_count"] = len(self.users)
        return data


class UserGroups:
    """The user groups of one workspace. Not `paid`: there are none, and calls are refused."""

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace
        self.paid = True
        self.all: dict[str, UserGroup] = {}
        self.list_users_max: int | None = None
        """How many members usergroups.list tells of each; None for all."""

    def add(self, name: str, *people: "Person", handle: str | None = None, quiet: bool = True) -> UserGroup:
        """A group with these people; `quiet` if it has been there all along."""
        slack = self._workspace.slack
        now = int(slack.clock.now())
        group = UserGroup(
            slack.new_id("S"),
            self._workspace,
            name,
            handle or "-".join(name.lower().split()),
            now,
            [person.id for person in people],
            now,
        )
        self.all[group.id] = group
        if not quiet:
            self._tell("subteam_created", group)
        return group

    def set(self, group: UserGroup, *people: "Person") -> None:
        """Make these people its members; tells what it is now, then who came and went."""
        before, previous = group.users, group.updated
        group.users = [person.id for person in people]
        group.updated = int(self._workspace.slack.clock.now())
        self._tell("subteam_updated", group)
        came = [user for user in group.users if user not in before]
        went = [user for user in before if user not in group.users]
        self._workspace.slack.events.in_workspace(
            self._workspace,
            {
                "type": "subteam_members_changed",
                "subteam_id": group.id,
                "team_id": self._workspace.id,
                "date_previous_update": previous,
                "date_update": group.updated,
                "added_users": came,
                "added_users_count": len(came),
                "removed_users": went,
                "removed_users_count": len(went),
            },
        )

    def rename(self, group: UserGroup, name: str) -> None:
        group.name, group.updated = name, int(self._workspace.slack.clock.now())
        self._tell("subteam_updated", group)

    def disable(self, group: UserGroup) -> None:
        """Take it out of use; Slack tells that as a change."""
        group.disabled_at = group.updated = int(self._workspace.slack.clock.now())
        self._tell("subteam_updated", group)

    def _tell(self, kind: str, group: UserGroup) -> None:
        told = group.as_json(users=True, count=True, most=EVENT_USERS_MAX)
        self._workspace.slack.changes.touch()
        self._workspace.slack.events.in_workspace(self._workspace, {"type": kind, "subteam": told})
