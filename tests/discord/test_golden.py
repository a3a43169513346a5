"""What Discord gets for cards and forms at each of its limits and one beyond, kept word for word.

A change of what is sent shows here. To keep a wanted one: delete ``golden.json``, run this, look at the diff.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.model.content import (
    Accent,
    Button,
    ButtonStyle,
    Card,
    Content,
    Field,
    Form,
    Image,
    Kind,
    LinkButton,
    Option,
    Section,
    Select,
)
from bot.model.ids import Channel, Member
from bot.model.outgoing import Direct, InChannel, Post
from bot.model.text import T
from bot.platforms.discord import modals
from bot.platforms.discord.limits import LIMITS
from bot.platforms.discord.markdown import Markdown, measure
from bot.platforms.discord.render import message
from bot.platforms.fit import fit
from tests.discord.test_render import accepted, judged

GOLDEN = Path(__file__).with_name("golden.json")
SPACE = "discord:1573861732852432896"
CHANNEL = Channel(SPACE, "1573861732852432897", "wall")
MINA = Member(SPACE, "1573861732852432898", "Mina")
MARKDOWN = Markdown(SPACE, lambda: {"kith": "77"})
_SHOWN = 60


def buttons(count: int) -> tuple[Button, ...]:
    styles = tuple(ButtonStyle)
    return tuple(
        Button(f"Button {n}", f"cog.press|i{n}||x|AAAAAAAA", styles[n % len(styles)]) for n in range(count)
    )


def options(count: int, size: int = 10) -> tuple[Option, ...]:
    return tuple(Option(f"{n} {'o' * (size - 3)}"[:size], str(n), "a" * size) for n in range(count))


def select(count: int, size: int = 10, most: int = 1) -> Select:
    return Select("Choose", "cog.choose|||x|AAAAAAAAAAAA", options(count, size), 1, most)


def sections(count: int, *, pressed: bool = False) -> tuple[Section, ...]:
    made = buttons(count)
    return tuple(Section(f"Text {n}", f"Head {n}", made[n] if pressed else None) for n in range(count))


PICTURE = Image(b"png", "image/png", "A bench in the sun")
CONTENTS: Mapping[str, Content] = {
    "text": T("Hello {who} in {where}.", who=MINA, where=CHANNEL),
    "text, longest": "x" * LIMITS.text,
    "text, one more": "x" * (LIMITS.text + 1),
    "text, nothing": "",
    "text, escapes doubled": "*" * LIMITS.text,
    "title, longest": Card("t" * LIMITS.title),
    "title, one more": Card("t" * (LIMITS.title + 1)),
    "body, longest": Card("", "b" * LIMITS.block),
    "body, one more": Card("", "b" * (LIMITS.block + 1)),
    "card, longest": Card("t" * 100, "b" * 2_000, (Section("s" * (LIMITS.card_text - 2_100)),)),
    "card, one more": Card("t" * 100, "b" * 2_000, (Section("s" * (LIMITS.card_text - 2_099)),)),
    "sections, most": Card("t", sections=sections(LIMITS.sections)),
    "sections, one more": Card("t", sections=sections(LIMITS.sections + 1)),
    "sections with buttons, most": Card("t", sections=sections(LIMITS.sections, pressed=True)),
    "section with a select": Card("t", sections=(Section("s", "h", select(3)),)),
    "section with a link": Card("t", sections=(Section("s", "h", LinkButton("Look", "https://e.example")),)),
    "buttons, a row": Card("t", buttons=buttons(LIMITS.row)),
    "buttons, one more": Card("t", buttons=buttons(LIMITS.row + 1)),
    "controls, most": Card("t", buttons=buttons(LIMITS.controls)),
    "controls, one more": Card("t", buttons=buttons(LIMITS.controls + 1)),
    "label, longest": Card("t", buttons=(Button("l" * LIMITS.button_label, "a"),)),
    "label, one more": Card("t", buttons=(Button("l" * (LIMITS.button_label + 1), "a"),)),
    "action, longest": Card("t", buttons=(Button("l", "a" * LIMITS.action),)),
    "options, most": Card("t", buttons=(select(LIMITS.options, LIMITS.option_label, 25),)),
    "options, one more": Card("t", buttons=(select(LIMITS.options + 1, LIMITS.option_label + 1),)),
    "all controls": Card("t", buttons=(*buttons(2), select(2), LinkButton("Look", "https://e.example/a"))),
    "picture": Card("t", image=PICTURE),
    "picture, longest words": Card("t", image=Image(b"gif", "image/gif", "a" * LIMITS.alt)),
    "picture, one more": Card("t", image=Image(b"jpg", "image/jpeg", "a" * (LIMITS.alt + 1))),
    "picture, too large": Card("t", image=Image(b"p" * (LIMITS.image_bytes + 1), "image/png", "A bench")),
    "footer of lines": Card("t", footer="one\ntwo"),
    **{f"accent {accent.value}": Card("t", accent=accent) for accent in Accent},
    "everything": Card(
        "t",
        "b",
        sections(LIMITS.sections, pressed=True),
        PICTURE,
        (*(select(25, 100) for _ in range(LIMITS.controls - LIMITS.sections)),),
        "f",
        Accent.WARM,
    ),
}
FIELDS: Mapping[str, Field] = {
    "text": Field("f", Kind.TEXT, "Why", "What for?", most=50, value="Because."),
    "long text": Field("f", Kind.LONG_TEXT, "Why", required=False),
    "text, longest": Field("f", Kind.TEXT, "l" * 45, "d" * 100, most=4_000, value="v" * 4_000),
    "text, one more": Field("f", Kind.TEXT, "l" * 46, "d" * 101, most=4_001, value="v" * 4_001),
    "texts": Field("f", Kind.TEXTS, "Greetings", value=("One.", "Two.")),
    "number": Field("f", Kind.INTEGER, "How many", least=1, most=9, value="3"),
    "yes or no": Field("f", Kind.YES_NO, "Loud", value="yes"),
    "date": Field("f", Kind.DATE, "When"),
    "moment": Field("f", Kind.MOMENT, "When"),
    "schedule": Field("f", Kind.SCHEDULE, "How often"),
    "zone": Field("f", Kind.ZONE, "Time zone"),
    "member": Field("f", Kind.MEMBER, "Who", value=MINA.id),
    "members, most": Field("f", Kind.MEMBERS, "Who", least=1, most=25),
    "members, one more": Field("f", Kind.MEMBERS, "Who", least=1, most=26, required=False),
    "channel": Field("f", Kind.CHANNEL, "Where", value=CHANNEL.id),
    "role": Field("f", Kind.ROLE, "Role", required=False),
    "choice of one": Field("f", Kind.CHOICE, "Which", options=options(1)),
    "choice, most shown at once": Field("f", Kind.CHOICE, "Which", options=options(10), value="3"),
    "choice, one more": Field("f", Kind.CHOICE, "Which", options=options(11), value="3"),
    "choice, most": Field("f", Kind.CHOICE, "Which", options=options(25, 100)),
    "choice, one more than most": Field("f", Kind.CHOICE, "Which", options=options(26, 101)),
    "reference": Field("f", Kind.REF, "Which", completes=True),
    "problem": Field("f", Kind.TEXT, "Why", "What for?", value="x", problem="A word or two more, please."),
}


def several(count: int) -> tuple[Field, ...]:
    return tuple(Field(f"f{n}", Kind.TEXT, f"Question {n}") for n in range(count))


FORMS: Mapping[str, Form] = {
    **{f"field {name}": Form("Form", "a" * 100, (field,)) for name, field in FIELDS.items()},
    "form without questions": Form("Go on?", "a", ()),
    "form, most": Form("t" * 45, "a", several(5)),
    "form, one more": Form("t" * 46, "a", several(6)),
    "form with words before it": Form("Form", "a", several(5), intro=T("For {who}.", who=MINA)),
}


def brief(value: Any) -> Any:
    """The value with its long texts told by beginning, length and hash."""
    match value:
        case str() if len(value) > _SHOWN:
            return f"{value[:12]}… {len(value)} {hashlib.sha256(value.encode()).hexdigest()[:8]}"
        case dict():
            return {name: brief(item) for name, item in value.items()}
        case list():
            return [brief(item) for item in value]
        case _:
            return value


def sent(content: Content) -> list[Any]:
    """The bodies for a content in a channel, and for its first part in a private message."""
    found = []
    for part in fit(Post("k", InChannel(CHANNEL), content), LIMITS, measure):
        assert isinstance(part, Post)
        body = message(part.content, MARKDOWN, mark=1 << 30, pings=(MINA,))
        accepted(body)
        found.append(body.json)
    part = fit(Post("k", Direct(MINA), content), LIMITS, measure)[0]
    assert isinstance(part, Post)
    private = message(part.content, MARKDOWN, mark=1 << 30, home=SPACE.partition(":")[2])
    accepted(private)
    components = private.json["components"]
    return found if components == found[0]["components"] else [*found, {"privately": components}]


def asked(form: Form) -> list[Any]:
    """The modals for a form."""
    pages = modals.pages(form)
    found = [
        modals.modal(page, form.action, MARKDOWN, number=number, of=len(pages))
        for number, page in enumerate(pages, 1)
    ]
    for modal in found:
        judged(modal)
    return found


def made() -> dict[str, Any]:
    bodies = {name: brief(sent(content)) for name, content in CONTENTS.items()}
    return bodies | {name: brief(asked(form)) for name, form in FORMS.items()}


def written(found: dict[str, list[Any]]) -> str:
    """As JSON, a body to a line."""
    parts = []
    for name, bodies in sorted(found.items()):
        lines = ",\n  ".join(json.dumps(body, ensure_ascii=False, sort_keys=True) for body in bodies)
        parts.append(f"{json.dumps(name)}: [\n  {lines}\n ]")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def test_what_is_sent_at_each_limit_is_as_it_was() -> None:
    found = made()
    if not GOLDEN.exists():
        GOLDEN.write_text(written(found), encoding="utf-8")
        pytest.fail("There was no golden.json. It is written now: look whether it is right.")
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert sorted(found) == sorted(kept)
    for name, bodies in found.items():
        assert bodies == kept[name], name
