"""The fake's semantics of text, and its validation against Slack's schemas, samples and slack_sdk."""

import json
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    ImageBlock,
    InputBlock,
    MarkdownBlock,
    PlainTextInputElement,
    RichTextBlock,
    RichTextSectionElement,
    SectionBlock,
)
from slack_sdk.models.blocks.block_elements import RichTextElementParts
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import EVERYONE, HERE, FakeSlack, specs, validate_manifest
from tests.fakes.slack.blocks import block_problems, view_problems
from tests.fakes.slack.events import InvalidEvent
from tests.fakes.slack.pieces import plain, section
from tests.fakes.slack.setting import workshop

needs_specs = pytest.mark.skipif(not specs.available(), reason=specs.MISSING)


# -- text --------------------------------------------------------------------------------------------------


async def test_what_people_type_is_escaped_and_what_they_mean_is_marked_up() -> None:
    async with workshop() as (slack, workspace, ana, _):
        bob = workspace.member("Bob")
        message = await ana.say(workspace.general, "a < b && <!here> &lt; ", bob, " in ", workspace.general)
        assert message.text == (
            f"a &lt; b &amp;&amp; &lt;!here&gt; &amp;lt; <@{bob.id}> in <#{workspace.general.id}|general>"
        )
        assert message.spoken.startswith("a < b && <!here> &lt; ")
        assert message.pings == {bob.id}
        elements = message.blocks[0]["elements"][0]["elements"]
        assert [element["type"] for element in elements] == ["text", "user", "text", "channel"]
        loud = await ana.say(workspace.general, HERE, EVERYONE, " cake!")
        assert loud.text == "<!here><!everyone> cake!"
        assert loud.pings == {"here", "everyone"}
        assert slack.delivery.log[0].event["text"] == message.text


async def test_a_mention_of_the_bot_is_an_event_of_its_own() -> None:
    async with workshop() as (slack, workspace, ana, _):
        await ana.say(workspace.general, workspace.bot, " help")
        kinds = [delivery.event["type"] for delivery in slack.delivery.log]
        assert kinds == ["message", "app_mention"]
        assert slack.delivery.log[1].event["text"] == f"<@{workspace.bot.id}> help"


@pytest.mark.parametrize(
    ("posted", "kept", "pings"),
    [
        ("plain", "plain", set()),
        ("<!channel> now", "<!channel> now", {"channel"}),
        ("&lt;!channel&gt; now", "&lt;!channel&gt; now", set()),
        ("<@U000000002|ana>", "<@U000000002|ana>", {"U000000002"}),
        ("<!subteam^S123|team>", "<!subteam^S123|team>", {"S123"}),
        ("a & b < c", "a &amp; b &lt; c", set()),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;", set()),
        ("<https://a.b/?x=1&y=2|here>", "<https://a.b/?x=1&y=2|here>", set()),
        ("<!date^1392734382^{date_short}|soon>", "<!date^1392734382^{date_short}|soon>", set()),
        ("@here", "@here", set()),
    ],
)
async def test_what_apps_post_pings_or_not(posted: str, kept: str, pings: set[str]) -> None:
    async with workshop() as (_, workspace, _, client):
        await client.chat_postMessage(channel=workspace.general.id, text=posted)
        assert workspace.general.last.text == kept
        assert workspace.general.last.pings == pings


async def test_link_names_and_parse_full_make_bare_names_ring() -> None:
    async with workshop() as (_, workspace, ana, client):
        for option in ({"link_names": True}, {"parse": "full"}):
            await client.chat_postMessage(
                channel=workspace.general.id, text="@here @ana see #general, mail a@ana.org", **option
            )
            assert workspace.general.last.pings == {"here", ana.id}
            assert f"<#{workspace.general.id}|general>" in workspace.general.last.text


async def test_mentions_in_blocks_ring_too() -> None:
    async with workshop() as (_, workspace, ana, client):

        async def rung(*blocks: Any) -> set[str]:
            await client.chat_postMessage(channel=workspace.general.id, text="t", blocks=list(blocks))
            return workspace.general.last.pings

        assert await rung(section("<!here> and <@U1|x>")) == {"here", "U1"}
        assert await rung(section("&lt;!here&gt;")) == set()
        assert await rung({"type": "section", "text": plain("<!here>")}) == set()
        assert await rung({"type": "markdown", "text": "**hi** <!channel>"}) == {"channel"}
        parts = RichTextElementParts
        rich = RichTextBlock(
            elements=[
                RichTextSectionElement(
                    elements=[
                        parts.Text(text="<!everyone> is only text here"),
                        parts.User(user_id=ana.id),
                        parts.Broadcast(range="here"),
                        parts.UserGroup(usergroup_id="S1"),
                    ]
                )
            ]
        )
        assert await rung(rich) == {ana.id, "here", "S1"}
        assert await rung(section("@here")) == set()
        assert workspace.general.last.unguarded == {"here"}
        await rung(section("@here", verbatim=True))
        assert workspace.general.last.unguarded == set()


async def test_screen_readers_get_the_text_and_eyes_get_the_blocks() -> None:
    async with workshop() as (slack, workspace, _, client):
        await client.chat_postMessage(
            channel=workspace.general.id,
            text="Two thanks for Bo &amp; Co",
            blocks=[
                HeaderBlock(text="Thanks"),
                SectionBlock(text="*Bo &amp; Co* carried it", fields=["one", "two"]),
                ImageBlock(image_url="https://a.b/c.png", alt_text="A table of cake"),
                ContextBlock(elements=[{"type": "mrkdwn", "text": "since Friday"}]),
                DividerBlock(),
                ActionsBlock(elements=[ButtonElement(text="Me too", action_id="me_too")]),
            ],
        )
        message = workspace.general.last
        assert message.spoken == "Two thanks for Bo & Co"
        assert message.shown.split("\n") == [
            "Thanks",
            "*Bo & Co* carried it",
            "one",
            "two",
            "A table of cake",
            "since Friday",
            "Me too",
        ]
        assert slack.complaints == []
        with pytest.warns(UserWarning, match="top-level `text`"):
            await client.chat_postMessage(channel=workspace.general.id, blocks=[section("only shown")])
        assert workspace.general.last.spoken == "only shown"
        assert slack.complaints == ["chat.postMessage: blocks without a top-level text"]


# -- validation --------------------------------------------------------------------------------------------


@needs_specs
@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "sektion"}, "unsupported type: sektion [json-pointer:/blocks/0/type]"),
        ({"type": "section", "text": "bare"}, "/blocks/0/text"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "no"}}, "/blocks/0/text"),
        (
            {"type": "divider", "colour": "red"},
            "invalid additional property: colour [json-pointer:/blocks/0]",
        ),
        ({"type": "image", "image_url": "https://a.b/c.png"}, "/blocks/0"),
        ({"type": "actions", "elements": [{"type": "knob"}]}, "/blocks/0/elements/0"),
        ({"type": "rich_text", "elements": [{"type": "rich_text_section"}]}, "/blocks/0/elements/0"),
    ],
)
def test_a_block_of_the_wrong_structure_is_caught(block: dict[str, Any], problem: str) -> None:
    problems = block_problems([block], "message")
    assert any(problem in one for one in problems), problems


def raw(text: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "section"}, "missing required field: text or fields [json-pointer:/blocks/0]"),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (
            {"type": "section", "fields": [plain("x")] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            {"type": "section", "fields": [plain("x" * 2001)]},
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            {"type": "context", "elements": []},
            "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            {
                "type": "actions",
                "elements": [{"type": "button", "action_id": "a", "text": plain("x" * 76)}],
            },
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            {
                "type": "actions",
                "elements": [{"type": "button", "action_id": "a", "text": plain("x")}] * 2,
            },
            "`action_id` a is already used in this block [json-pointer:/blocks/0/elements]",
        ),
        (
            {"type": "table", "rows": [[raw("a"), raw("b")], [raw("c")]]},
            "all rows must have the same number of cells [json-pointer:/blocks/0/rows]",
        ),
        (
            {"type": "table", "rows": [[raw("a")], [raw("")]]},
            "missing required field: text [json-pointer:/blocks/0/rows/1/0]",
        ),
        (
            {"type": "table", "rows": [[raw("a")], [raw("x" * 10_000)]]},
            "table cells must be less than 10001 characters [json-pointer:/blocks/0/rows]",
        ),
        (
            {"type": "table", "rows": [[raw("a")]] * 101},
            "no more than 100 items allowed [json-pointer:/blocks/0/rows]",
        ),
        (
            {"type": "table", "rows": [[raw("a")] * 21]},
            "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
        ),
        (
            {"type": "divider", "block_id": "b" * 256},
            "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        ),
    ],
)
def test_a_block_beyond_the_limits_is_caught(block: dict[str, Any], problem: str) -> None:
    assert problem in block_problems([block], "message")


def test_slack_sdks_own_limits_count_too() -> None:
    long_title = {"type": "card", "title": {"type": "mrkdwn", "text": "x" * 151}}
    assert any("title" in problem for problem in block_problems([long_title], "message"))


def test_blocks_of_other_surfaces_and_duplicates_are_caught() -> None:
    markdown = {"type": "markdown", "text": "**hi**"}
    assert block_problems([markdown], "message") == []
    assert block_problems([markdown], "home")[0].startswith("unsupported type: markdown")
    table = {"type": "table", "rows": [[raw("a"), raw("b")], [raw("c"), raw("d")]]}
    assert block_problems([table], "message") == []
    assert block_problems([table], "home")[0].startswith("unsupported type: table")
    assert any("only one table" in one for one in block_problems([table, table], "message"))
    assert block_problems([{"type": "divider", "block_id": "b"}] * 2, "message")
    assert block_problems([MarkdownBlock(text="x" * 7000).to_dict()] * 2, "message")
    assert block_problems({"type": "divider"}, "message") == [
        "must be an array of blocks [json-pointer:/blocks]"
    ]


def test_what_slack_sdk_builds_is_fine() -> None:
    entry = InputBlock(label="Why", element=PlainTextInputElement(action_id="why", multiline=True))
    blocks = [HeaderBlock(text="Hi"), SectionBlock(text="*hi*"), entry, DividerBlock()]
    view = {
        "type": "modal",
        "title": plain("Shout-out"),
        "submit": plain("Send"),
        "blocks": [block.to_dict() for block in blocks],
    }
    assert view_problems(view) == []
    assert view_problems({**view, "type": "home"}) != []
    assert view_problems({**view, "submit": None}) != []


async def test_checks_can_be_switched_off() -> None:
    async with FakeSlack(validate=False) as slack:
        workspace = slack.workspace("Workshop")
        client = AsyncWebClient(token=workspace.bot_token, base_url=slack.base_url)
        await client.chat_postMessage(channel=workspace.general.id, text="t", blocks=[{"type": "sektion"}])
        assert workspace.general.texts == ["t"]


@needs_specs
async def test_the_fake_cannot_send_an_event_that_slack_would_not() -> None:
    async with workshop() as (slack, workspace, ana, _):
        install = workspace.installation
        good = {"type": "member_joined_channel", "user": ana.id, "channel": "C1", "channel_type": "C"}
        with pytest.raises(InvalidEvent, match="missing required field: team"):
            slack.events.send(install, {**good, "event_ts": "1.0"})
        with pytest.raises(InvalidEvent, match="colour: not in the sample"):
            slack.events.send(install, {**good, "team": workspace.id, "event_ts": "1.0", "colour": "red"})
        with pytest.raises(InvalidEvent, match="/event/user"):
            slack.events.send(install, {**good, "team": workspace.id, "event_ts": "1.0", "user": {"id": "U"}})
        slack.events.send(install, {"type": "something_new", "at": 1})  # unknown events cannot be checked


@needs_specs
def test_the_manifest_is_checked_by_slacks_own_schema() -> None:
    samples = specs.FOLDER / "manifest-schema" / "test-manifests"
    for version in ("v1", "v2"):
        for kind in ("valid", "invalid"):
            manifest = json.loads((samples / version / f"manifest.{kind}.json").read_text())
            manifest.pop("$schema", None)
            assert bool(validate_manifest(manifest)) is (kind == "invalid"), validate_manifest(manifest)
    problems = validate_manifest({"display_information": {"name": "x" * 36}})
    assert any(problem.startswith("/display_information/name: ") for problem in problems), problems
    with pytest.raises(ValueError, match="invalid manifest"):
        FakeSlack({"display_information": {}})


async def test_an_unsendable_block_is_refused_with_its_place() -> None:
    async with workshop() as (_, workspace, _, client):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(
                channel=workspace.general.id, text="t", blocks=[DividerBlock(), section("x" * 3001)]
            )
        assert refused.value.response["errors"] == [
            "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
        ]
