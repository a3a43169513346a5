"""Why the bot said something: kept with each message, told by ``/kith why``."""

from __future__ import annotations

import json
from json.encoder import encode_basestring as quoted
from typing import NamedTuple

from bot import codec
from bot.model.ids import Member
from bot.model.text import Moment, T, Words


class Because(NamedTuple):
    """The cog, what set it off, who did, when (UTC ms), and what the cog says about it itself.

    ``rule`` is the schedule or setting behind it in words; ``set_by`` the key of who chose it.
    """

    cog: str
    how: str
    at: int
    who: str = ""
    rule: str = ""
    set_by: str = ""
    set_at: int = 0
    reason: str = ""

    def of(self, reason: Words | None, *, anonymous: bool) -> Because:
        """The same for one message, with what the cog says about it, and maybe without who was behind it."""
        return Because(
            self.cog,
            self.how,
            self.at,
            "" if anonymous else self.who,
            self.rule,
            self.set_by,
            self.set_at,
            "" if reason is None else codec.dumps(reason),
        )

    def dumps(self) -> str:
        written = f'{{"cog":{quoted(self.cog)},"how":{quoted(self.how)},"at":{self.at}'
        if self.who:
            written += f',"who":{quoted(self.who)}'
        if self.rule:
            written += f',"rule":{quoted(self.rule)}'
        if self.set_at:
            written += f',"set_by":{quoted(self.set_by)},"set_at":{self.set_at}'
        return written + (f',"reason":{quoted(self.reason)}}}' if self.reason else "}")

    @classmethod
    def loads(cls, text: str) -> Because:
        return cls(**{"cog": "", "how": "", "at": 0, **json.loads(text)})


def tell(because: Because, *, who: Member | None, set_by: Member | None, behind: str = "") -> Words:
    """The explanation in words, for the person who asked. ``behind`` says what the cog is for."""
    lines: list[Words] = []
    if because.reason:
        lines.append(codec.loads(because.reason))
    when = Moment(because.at)
    match because.how:
        case "schedule":
            lines.append(T("It came on schedule: {rule}.", rule=because.rule))
        case "timer":
            lines.append(T("It was due at a time that was set before."))
        case "command" | "form" | "button" | "select" | "menu":
            if who is not None:
                lines.append(T("{who} asked for it {when}.", who=who, when=when))
            else:
                lines.append(T("Somebody asked for it {when}.", when=when))
        case "event":
            if who is not None:
                lines.append(T("It answers something {who} did {when}.", who=who, when=when))
            else:
                lines.append(T("It answers something that happened {when}.", when=when))
    if because.set_at:
        set_when = Moment(because.set_at)
        if set_by is not None:
            lines.append(T("{who} set this up {when}.", who=set_by, when=set_when))
        else:
            lines.append(T("It was set up {when}.", when=set_when))
    elif because.how == "schedule":
        lines.append(T("The schedule comes from the configuration file."))
    lines.append(
        T("Behind it is {cog}: {behind}", cog=because.cog, behind=behind)
        if behind
        else T("Behind it is a part of Kith called {cog}.", cog=because.cog)
    )
    words: Words = lines[0]
    for line in lines[1:]:
        words = T("{words}\n{line}", words=words, line=line)
    return words
