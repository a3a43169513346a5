"""Whatever cards, forms and texts a cog can build, Slack takes them: sent for real, seen where they stand."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.model.content import Content, Form
from bot.model.events import CommandUsed, Event, FormSent
from bot.model.outgoing import Answer, Direct, Edit, InChannel, Post
from bot.platforms.slack.answers import Token, Way
from tests.slack.stage import SlackStage, staged
from tests.slack.test_render import CONTENT, WORD, form_fields, words

FORMS = st.builds(
    Form,
    words() | WORD,
    st.sampled_from(["h|a||o|n|s", "h|b|" + "x" * 130]),
    st.lists(form_fields(), max_size=8, unique_by=lambda one: one.name).map(tuple),
    WORD,
    st.none() | words(),
)
CONTROL = st.text("\t\n\r\x00\x07\x1b\u2028\ufeff a", max_size=40)
SLOW_START = [HealthCheck.too_slow]


async def say(contents: list[Content]) -> None:
    async with staged() as stage:
        ada, mina = stage.ada, stage.mina
        for number, content in enumerate(contents):
            receipt = await stage.platform.deliver(
                Post(f"c{number}", InChannel(stage.channel), content, (ada,))
            )
            await stage.platform.deliver(Post(f"d{number}", Direct(mina), content))
            for way in (Way.EPHEMERAL, Way.HOME):
                token = str(Token(way, f"170000000{number}.000100"))
                await stage.platform.deliver(
                    Post(f"{way}{number}", Answer(token, ada, stage.channel), content)
                )
            answer = await stage.who(ada).command(stage.place, "/kith", "help")
            token = str(Token(Way.URL, url=answer.response_url))
            await stage.platform.deliver(Post(f"u{number}", Answer(token, ada, stage.channel), content))
            assert receipt.message is not None
            for other in (content, contents[0]):
                edit = Edit(f"e{number}", f"c{number}", InChannel(stage.channel), other, receipt.message)
                await stage.platform.deliver(edit)
        assert refused(stage) == []
        for message in stage.place.live:
            assert message.text.strip()
            assert message.pings <= {ada.id}
            assert message.unguarded == set()


def refused(stage: SlackStage) -> list[Any]:
    """The calls that Slack would not have."""
    return [(call.method, call.answer) for call in stage.slack.calls() if not call.ok]


@settings(max_examples=10, deadline=None, suppress_health_check=SLOW_START)
@given(st.lists(CONTENT | CONTROL, min_size=1, max_size=3))
def test_nothing_that_is_said_is_refused(contents: list[Content]) -> None:
    asyncio.run(say(contents))


async def ask(form: Form) -> None:
    async with staged() as stage:

        def answers(event: Event) -> Form | None:
            if isinstance(event, CommandUsed):
                return form
            if isinstance(event, FormSent) and len(sent(stage)) == 1:
                asked = tuple(replace(item, problem="Not so.") for item in form.fields)
                return replace(form, fields=asked)
            return replace(form, action=f"{form.action}2") if len(sent(stage)) == 2 else None

        stage.sink.answer = answers
        ada = stage.who(stage.ada)
        modal = await (await ada.command(stage.place, "/kith", "help")).view()
        for _ in range(3):
            answer = await ada.resubmit(modal)
            assert answer, answer
        assert refused(stage) == []


def sent(stage: SlackStage) -> list[FormSent]:
    return [event for event in stage.sink.events if isinstance(event, FormSent)]


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW_START)
@given(FORMS)
def test_no_form_that_is_asked_is_refused(form: Form) -> None:
    asyncio.run(ask(form))
