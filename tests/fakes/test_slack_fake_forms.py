"""Modals through stock slack-bolt: fields, mistakes, steps, triggers, hashes and the stack."""

import datetime
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import NotOnScreen
from tests.fakes.slack.bolted import plugged
from tests.fakes.slack.pieces import modal, plain, text_input


async def test_a_form_with_mistakes_steps_and_an_end() -> None:
    async with plugged() as (slack, workspace, ana, app):
        submitted: list[Any] = []

        @app.command("/shoutout")
        async def shoutout(ack: Any, command: dict[str, Any], client: AsyncWebClient) -> None:
            await ack()
            view = modal(
                {
                    "type": "input",
                    "block_id": "to_block",
                    "label": plain("To whom"),
                    "element": {"type": "multi_users_select", "action_id": "to", "max_selected_items": 2},
                },
                text_input("Why", "why", element={"max_length": 200, "multiline": True}),
                text_input("PS", "ps", optional=True),
                private_metadata="C1",
            )
            await client.views_open(trigger_id=command["trigger_id"], view=view)

        @app.view("form")
        async def form(ack: Any, view: dict[str, Any]) -> None:
            why = view["state"]["values"]["why_block"]["why"]["value"]
            if len(why) < 12:
                await ack(response_action="errors", errors={"why_block": "A few more words?"})
            elif view["title"]["text"] == "Shout-out":
                await ack(response_action="update", view=modal(text_input("Why", "why"), title="Sure?"))
            elif why == "one more please":
                await ack(response_action="push", view=modal(title="And?"))
            else:
                submitted.append(view)
                await ack()

        answer = await ana.command(workspace.general, "/shoutout")
        view = await answer.view()
        bob = workspace.member("Bob")
        assert view.shown == "Shout-out\nTo whom\nWhy\nPS"
        with pytest.raises(NotOnScreen, match=r"required and empty: \['Why'\]"):
            await ana.submit(view, {"To whom": [bob]})
        with pytest.raises(NotOnScreen, match="at most 2"):
            await ana.submit(view, {"To whom": [bob, ana, workspace.bot]})
        with pytest.raises(NotOnScreen, match="201 characters"):
            await ana.submit(view, {"Why": "x" * 201})
        with pytest.raises(NotOnScreen, match="0 elements are called 'Reason'"):
            await ana.submit(view, {"Reason": "x"})

        mistaken = await ana.submit(view, {"why": "kind"})
        assert mistaken.errors == {"why_block": "A few more words?"}
        assert view.open
        payload = slack.delivery.log[-1].payload
        assert payload["view"]["state"]["values"]["to_block"]["to"]["selected_users"] == [bob.id]
        assert payload["view"]["private_metadata"] == "C1"

        assert await ana.submit(view, {"why_block": "carried the whole picnic & <more>"})
        assert (view.title, view.errors) == ("Sure?", {})
        assert view.values["why_block"]["why"]["value"] == "carried the whole picnic & <more>"
        await ana.submit(view, {"Why": "one more please"})
        assert [modal.title for modal in ana.modals] == ["Sure?", "And?"]
        top = await ana.modal()
        assert (top.previous_id, top.root_id) == (view.id, view.id)
        assert await ana.submit(top, {"Why": "enough is enough"})
        assert ana.modals == [view]
        assert len(submitted) == 1
        assert await ana.submit(view, {"Why": "enough is enough"})
        assert ana.modals == []
        again = await ana.resubmit(view)  # a double click: Slack sends it, nothing is on screen any more
        assert again
        assert len(submitted) == 3


async def test_bad_answers_to_a_form_leave_it_open() -> None:
    async with plugged() as (slack, _, ana, app):
        answers: list[dict[str, Any]] = [
            {"response_action": "errors", "errors": {"nowhere": "x"}},
            {"response_action": "errors", "errors": {}},
            {"response_action": "update", "view": modal(title="x" * 25)},
            {"response_action": "update", "view": {"type": "home", "blocks": []}},
            {"response_action": "dance"},
        ]

        @app.view("form")
        async def form(ack: Any) -> None:
            await ack(answers.pop(0))

        view = slack.desk.show(ana, modal())
        errors = [(await ana.submit(view, {"Why": "because"})).error for _ in list(answers)]
        assert errors == [
            "invalid_response_errors",
            "invalid_response_errors",
            "invalid_arguments",
            "invalid_arguments",
            "invalid_response_action",
        ]
        assert view.open
        assert ana.modals == [view]


async def test_closing_and_clearing() -> None:
    async with plugged() as (slack, _, ana, app):
        closed: list[tuple[str, bool]] = []

        @app.view_closed("form")
        async def on_close(ack: Any, body: dict[str, Any]) -> None:
            closed.append((body["view"]["title"]["text"], body["is_cleared"]))
            await ack()

        @app.view("form")
        async def form(ack: Any) -> None:
            await ack(response_action="clear")

        quiet = slack.desk.show(ana, modal())
        assert await ana.close(quiet) is None
        first = slack.desk.show(ana, modal(title="First", notify_on_close=True))
        slack.desk.push(ana, modal(title="Second", notify_on_close=True))
        assert await ana.close(ana.modals[-1])
        assert ana.modals == [first]
        assert await ana.close(first, clear=True)
        assert closed == [("Second", False), ("First", True)]
        slack.desk.show(ana, modal())
        top = slack.desk.push(ana, modal())
        assert await ana.submit(top, {"Why": "done with it"})
        assert ana.modals == []


async def test_triggers_views_hashes_and_the_stack() -> None:
    async with plugged() as (slack, workspace, ana, app):
        client = app.client

        async def error(call: Any) -> str:
            with pytest.raises(SlackApiError) as refused:
                await call
            return str(refused.value.response["error"])

        def trigger() -> str:
            return slack.desk.trigger(ana).id

        assert await error(client.views_open(trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"
        used = trigger()
        opened = (await client.views_open(trigger_id=used, view=modal(external_id="one")))["view"]
        assert await error(client.views_open(trigger_id=used, view=modal())) == "exchanged_trigger_id"
        late = trigger()
        slack.clock.advance(3.5)
        assert await error(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
        double = client.views_open(trigger_id=trigger(), view=modal(external_id="one"))
        assert await error(double) == "duplicate_external_id"
        assert await error(client.views_push(trigger_id=trigger(), view=modal())) == "not_found"
        other = slack.workspace("Other")
        foreign = client.views_open(token=other.bot_token, trigger_id=trigger(), view=modal())
        assert await error(foreign) == "invalid_trigger_id"

        for _ in range(2):
            inside = slack.desk.trigger(ana, ana.modals[-1]).id
            await client.views_push(trigger_id=inside, view=modal())
        fourth = slack.desk.trigger(ana, ana.modals[-1]).id
        assert await error(client.views_push(trigger_id=fourth, view=modal())) == "push_limit_reached"

        stale, renamed = opened["hash"], modal(title="New", external_id="one")
        fresh = (await client.views_update(view_id=opened["id"], hash=stale, view=renamed))["view"]
        assert fresh["hash"] != stale
        conflict = client.views_update(view_id=opened["id"], hash=stale, view=modal())
        assert await error(conflict) == "hash_conflict"
        again = await client.views_update(external_id="one", view=modal(title="By name"))
        assert slack.desk.views[again["view"]["id"]].title == "By name"
        assert await error(client.views_update(view_id="V404", view=modal())) == "not_found"
        await ana.close(ana.modals[0], clear=True)
        assert await error(client.views_update(view_id=opened["id"], view=modal())) == "not_found"

        bad = client.views_open(trigger_id=trigger(), view=modal(title="x" * 25))
        assert await error(bad) == "invalid_arguments"
        no_submit = {**modal(), "submit": None}
        assert await error(client.views_open(trigger_id=trigger(), view=no_submit)) == "invalid_arguments"
        private = client.views_open(trigger_id=trigger(), view=modal(private_metadata="x" * 3001))
        assert await error(private) == "invalid_arguments"
        large = modal(*[text_input("x" * 2000, f"a{n}", hint=plain("y" * 2000)) for n in range(70)])
        assert await error(client.views_open(trigger_id=trigger(), view=large)) == "view_too_large"
        many = modal(*[text_input("x", f"a{n}") for n in range(101)])
        assert await error(client.views_open(trigger_id=trigger(), view=many)) == "invalid_arguments"
        assert workspace.general.live == []


async def test_every_kind_of_field() -> None:
    options = [{"text": plain(name), "value": name.lower()} for name in ("Red", "Green", "Blue")]
    fields: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {}

    def field(kind: str, value: Any, expected: dict[str, Any], **more: Any) -> None:
        fields[kind] = ({"type": kind, "action_id": kind, **more}, value, expected)

    day = datetime.date(2026, 12, 24)
    async with plugged() as (slack, workspace, ana, app):
        field("plain_text_input", "hi", {"value": "hi"})
        field("email_text_input", "a@b.c", {"value": "a@b.c"})
        field("url_text_input", "https://a.b", {"value": "https://a.b"})
        field("number_input", 3, {"value": "3"}, is_decimal_allowed=False, max_value="5")
        field("static_select", "Red", {"selected_option": options[0]}, options=options)
        field("multi_static_select", ["red", "Blue"], {"selected_options": options[::2]}, options=options)
        field("checkboxes", ["green"], {"selected_options": [options[1]]}, options=options)
        field("radio_buttons", "Blue", {"selected_option": options[2]}, options=options)
        field("users_select", ana, {"selected_user": ana.id})
        field("multi_users_select", [ana], {"selected_users": [ana.id]})
        field("channels_select", workspace.general, {"selected_channel": workspace.general.id})
        field("conversations_select", workspace.general, {"selected_conversation": workspace.general.id})
        field("datepicker", day, {"selected_date": "2026-12-24"})
        field("timepicker", datetime.time(9, 5), {"selected_time": "09:05"})
        field("datetimepicker", 1_800_000_000, {"selected_date_time": 1_800_000_000})
        state: dict[str, Any] = {}

        @app.view("form")
        async def form(ack: Any, view: dict[str, Any]) -> None:
            state.update(view["state"]["values"])
            await ack()

        blocks = [
            {"type": "input", "block_id": kind, "label": plain(kind), "element": element}
            for kind, (element, _, _) in fields.items()
        ]
        with_initial = {
            "type": "input",
            "block_id": "given",
            "label": plain("Given"),
            "element": {"type": "plain_text_input", "action_id": "given", "initial_value": "as it was"},
        }
        trigger = slack.desk.trigger(ana).id
        await app.client.views_open(trigger_id=trigger, view=modal(*blocks, with_initial))
        view = await ana.modal()
        assert await ana.submit(view, {kind: value for kind, (_, value, _) in fields.items()})
        for kind, (_, _, expected) in fields.items():
            assert state[kind][kind] == {"type": kind, **expected}
        assert state["given"]["given"]["value"] == "as it was"

        again = slack.desk.show(ana, modal(*blocks))
        for which, wrong in {"number_input": 6, "static_select": "Pink", "plain_text_input": "a\nb"}.items():
            with pytest.raises(NotOnScreen):
                await ana.type(again, which, wrong)


async def test_selects_that_ask_the_app_and_fields_that_tell_it() -> None:
    async with plugged() as (slack, _, ana, app):
        told: list[str] = []

        @app.options("book")
        async def books(ack: Any, payload: dict[str, Any]) -> None:
            await ack(options=[{"text": plain(f"{payload['value']} {n}"), "value": str(n)} for n in range(3)])

        @app.action("book")
        async def picked(ack: Any, action: dict[str, Any]) -> None:
            await ack()
            told.append(action["selected_option"]["value"])

        select = {
            "type": "input",
            "block_id": "b",
            "dispatch_action": True,
            "label": plain("Book"),
            "element": {"type": "external_select", "action_id": "book", "min_query_length": 2},
        }
        view = slack.desk.show(ana, modal(select, text_input("Why", "why")))
        with pytest.raises(NotOnScreen, match="too short"):
            await ana.options(view, "Book", "a")
        options = await ana.options(view, "Book", "all about")
        assert [option["text"]["text"] for option in options] == ["all about 0", "all about 1", "all about 2"]
        assert await ana.type(view, "Book", "all about 2")
        assert await ana.type(view, "Why", "no telling") is None
        assert told == ["2"]
