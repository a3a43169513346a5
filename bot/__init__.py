"""Kith: a community bot. What a cog author imports, and nothing else."""

from bot.attention import Attention
from bot.cog import Cog, Group, Held, NoSettings, Preview, button, command, form, job, menu, on, select, timer
from bot.ctx import Ctx, Sorry
from bot.model.content import (
    Accent,
    Button,
    ButtonStyle,
    Card,
    ChosenMessage,
    Form,
    Image,
    LinkButton,
    MenuTarget,
    Option,
    Section,
    Select,
    Table,
)
from bot.model.events import (
    MemberJoined,
    MemberLeft,
    MessagePosted,
    MessageRemoved,
    ReactionAdded,
    ReactionRemoved,
)
from bot.model.ids import Channel, Member, MessageRef, PlatformRole, Space
from bot.model.roles import Role
from bot.model.rules import Rule
from bot.model.text import CommandName, Link, Moment, MomentStyle, T, Words, counted
from bot.spec import Between, Label, LongText, Ref, TemplateOf, Text
from bot.store import Store

__all__ = [
    "Accent",
    "Attention",
    "Between",
    "Button",
    "ButtonStyle",
    "Card",
    "Channel",
    "ChosenMessage",
    "Cog",
    "CommandName",
    "Ctx",
    "Form",
    "Group",
    "Held",
    "Image",
    "Label",
    "Link",
    "LinkButton",
    "LongText",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "MenuTarget",
    "MessagePosted",
    "MessageRef",
    "MessageRemoved",
    "Moment",
    "MomentStyle",
    "NoSettings",
    "Option",
    "PlatformRole",
    "Preview",
    "ReactionAdded",
    "ReactionRemoved",
    "Ref",
    "Role",
    "Rule",
    "Section",
    "Select",
    "Sorry",
    "Space",
    "Store",
    "T",
    "Table",
    "TemplateOf",
    "Text",
    "Words",
    "button",
    "command",
    "counted",
    "form",
    "job",
    "menu",
    "on",
    "select",
    "timer",
]
