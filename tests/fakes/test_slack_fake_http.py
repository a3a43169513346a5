"""The fake's signed HTTP delivery, retries and OAuth, with stock slack-bolt's own web app."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store.async_cacheable_installation_store import (
    AsyncCacheableInstallationStore,
)
from slack_sdk.oauth.installation_store.file import FileInstallationStore
from slack_sdk.oauth.state_store.file import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.fakes.slack.bolted import over_http, plain_app, tuned_app

# slack_sdk's oauth_v2_access builds its header with a class that aiohttp has deprecated.
sdk_basic_auth = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Kith"},
    "features": {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "Kith"},
        "slash_commands": [{"command": "/kith", "description": "All of it", "should_escape": True}],
    },
    "oauth_config": {
        "scopes": {"bot": ["chat:write", "commands", "channels:history", "users:read"]},
        "redirect_urls": ["http://127.0.0.1/", "http://127.0.0.1:"],
        "pkce_enabled": True,
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["message.channels", "app_uninstalled", "tokens_revoked"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": False,
        "token_rotation_enabled": True,
    },
}


async def test_events_commands_and_url_verification_over_http() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        async with tuned_app(slack, workspace) as app:

            @app.event("message")
            async def echo(event: dict[str, Any], client: AsyncWebClient) -> None:
                if event["user"] == ana.id:
                    await client.chat_postMessage(channel=event["channel"], text=f"heard {event['text']}")

            @app.command("/kith")
            async def kith(ack: Any, command: dict[str, Any]) -> None:
                await ack(f"you said {command['text']}")

            async with over_http(slack, app):
                assert not slack.app.socket_mode
                await slack.hooks.verify()
                await ana.say(workspace.general, "hello")
                await ana.sees("heard hello")
                answer = await ana.command(workspace.general, "/kith", "help me & <you>")
                assert (await answer.message()).text == "you said help me &amp; &lt;you&gt;"
                await slack.quiet()
        assert {delivery.state for delivery in slack.delivery.log} == {"acked"}


async def test_forged_old_and_replayed_requests() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        async with tuned_app(slack, workspace) as app:
            seen: list[str] = []

            @app.event("message")
            async def note(event: dict[str, Any]) -> None:
                seen.append(event["text"])

            async with over_http(slack, app):
                url = slack.app.url_for("events_api")
                assert url is not None
                await workspace.member("Ana").say(workspace.general, "true")
                await slack.until(lambda: seen)
                body = json.dumps(slack.delivery.log[0].payload).encode()
                assert (await slack.hooks.post(url, body, secret="guess")).status == 401
                assert (await slack.hooks.post(url, body, age=301)).status == 401
                assert (await slack.hooks.post(url, body, age=-301)).status == 401
                altered = {"X-Slack-Signature": slack.hooks.signature(body, "1")}
                assert (await slack.hooks.post(url, body + b" ", headers=altered)).status == 401
                assert seen == ["true"]
                assert (await slack.hooks.post(url, body, age=200)).status == 200  # a replay still passes
                assert seen == ["true", "true"]


async def test_retries_come_at_once_after_a_minute_and_after_five() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        async with tuned_app(slack, workspace) as app:
            heads: list[tuple[str | None, str | None]] = []

            @app.event("message")
            async def fail(request: Any) -> None:
                headers = request.headers
                heads.append(
                    (
                        headers.get("x-slack-retry-num", [None])[0],
                        headers.get("x-slack-retry-reason", [None])[0],
                    )
                )
                raise RuntimeError("no")

            @app.error
            async def swallow(error: Exception) -> None:
                assert str(error) == "no"

            async with over_http(slack, app):
                await workspace.member("Ana").say(workspace.general, "try me")
                await slack.quiet()
                assert heads == [(None, None), ("1", "http_error")]
                slack.clock.advance(59)
                await slack.quiet()
                assert len(heads) == 2
                slack.clock.advance(1)
                await slack.quiet()
                slack.clock.advance(300)
                await slack.quiet()
                assert heads[2:] == [("2", "http_error"), ("3", "http_error")]
                assert slack.delivery.log[0].state == "lost"


async def test_no_answer_no_listener_and_no_retry_please() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        seen: list[str | None] = []
        hang, answers = aiohttp.web.Application(), iter(["hang", "no-retry"])

        async def serve(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
            seen.append(request.headers.get("X-Slack-Retry-Reason"))
            if next(answers) == "hang":
                await slack.until(lambda: len(seen) > 1)
            return aiohttp.web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

        hang.router.add_post("/", serve)
        runner = aiohttp.web.AppRunner(hang)
        await runner.setup()
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        slack.app.request_url = f"http://{host}:{port}/"
        await ana.say(workspace.general, "hello?")
        await slack.until(lambda: seen)
        slack.clock.advance(3)
        await slack.quiet()
        assert seen == [None, "http_timeout"]
        assert slack.delivery.log[0].state == "lost"
        await runner.cleanup()
        answer = await ana.command(workspace.general, "/kith")
        assert answer.error == "dispatch_failed"


async def test_an_unhandled_command_fails_for_the_person() -> None:
    async with FakeSlack() as slack:
        workspace = slack.workspace("Workshop")
        ana = workspace.member("Ana")
        app = plain_app(slack, workspace)
        async with over_http(slack, app):
            answer = await ana.command(workspace.general, "/kith")
            assert not answer
            assert answer.error == "dispatch_failed"


@sdk_basic_auth
async def test_installing_through_oauth_with_state_rotation_and_uninstall(tmp_path: Any) -> None:
    async with FakeSlack(MANIFEST) as slack, aiohttp.ClientSession() as browser:
        one, two = (slack.workspace(name, install=False) for name in ("One", "Two"))
        ana, pia = one.member("Ana", admin=True), two.member("Pia", admin=True)
        client = AsyncWebClient(base_url=slack.base_url)
        store = FileInstallationStore(base_dir=str(tmp_path), client_id=slack.app.client_id)
        settings = AsyncOAuthSettings(
            client_id=slack.app.client_id,
            client_secret=slack.app.client_secret,
            scopes=["chat:write", "commands", "channels:history"],
            installation_store=AsyncCacheableInstallationStore(store),
            state_store=FileOAuthStateStore(expiration_seconds=600, base_dir=str(tmp_path)),
            authorization_url=slack.authorize_url,
            install_page_rendering_enabled=False,
        )
        app = AsyncApp(client=client, signing_secret=slack.app.signing_secret, oauth_settings=settings)
        app.enable_token_revocation_listeners()

        @app.event("message")
        async def echo(event: dict[str, Any], client: AsyncWebClient) -> None:
            await client.chat_postMessage(
                channel=event["channel"], text=f"{event['team']} said {event['text']}"
            )

        async with over_http(slack, app) as address:
            settings.redirect_uri = settings.authorize_url_generator.redirect_uri = (
                f"{address}/slack/oauth_redirect"
            )
            for person in (ana, pia):
                async with browser.get(f"{address}/slack/install", allow_redirects=False) as page:
                    to_slack = page.headers["Location"]
                    cookie = page.headers["Set-Cookie"].split(";")[0]
                back = person.install(to_slack)
                async with browser.get(back, headers={"Cookie": cookie}) as page:
                    assert page.status == 200, await page.text()
                async with browser.get(back, headers={"Cookie": cookie}) as page:
                    assert page.status == 401  # the state is used up
            assert one.installation.scopes == ["chat:write", "commands", "channels:history"]
            await ana.say(one.general, "hi from one")
            await pia.say(two.general, "hi from two")
            assert (await ana.sees("said hi from one")).channel is one.general
            assert (await pia.sees("said hi from two")).channel is two.general
            await slack.quiet()

            before = one.bot_token
            assert before.startswith("xoxe.xoxb-1-")
            two.uninstall(order=("app_uninstalled", "tokens_revoked"))
            await slack.quiet()
            kinds = [d.event["type"] for d in slack.delivery.log][-2:]
            assert kinds == ["app_uninstalled", "tokens_revoked"]
            stored = await settings.installation_store.async_find_bot(enterprise_id=None, team_id=two.id)
            assert stored is None


def pkce(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@sdk_basic_auth
async def test_codes_tokens_and_refresh_tokens_are_checked() -> None:
    async with FakeSlack(MANIFEST, frozen=True) as slack:
        workspace = slack.workspace("Workshop", install=False)
        ana = workspace.member("Ana")
        client = AsyncWebClient(base_url=slack.base_url)
        redirect = "http://127.0.0.1/back"
        query = {
            "client_id": slack.app.client_id,
            "scope": "chat:write",
            "state": "s 1",
            "redirect_uri": redirect,
            "code_challenge": pkce("v" * 43),
            "code_challenge_method": "S256",
        }

        def code(**changes: str) -> str:
            back = ana.install(f"{slack.authorize_url}?{urlencode(query | changes)}")
            answer = parse_qs(urlsplit(back).query)
            assert answer["state"] == ["s 1"]
            return answer["code"][0]

        async def exchange(**args: Any) -> dict[str, Any]:
            base = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
            return dict((await client.oauth_v2_access(**{**base, **args})).data)

        async def error(**args: Any) -> str:
            with pytest.raises(SlackApiError) as refused:
                await exchange(**args)
            return str(refused.value.response["error"])

        fine = {"redirect_uri": redirect, "code_verifier": "v" * 43}
        assert await error(code="1.2", **fine) == "invalid_code"
        assert (
            await error(code=code(), redirect_uri=redirect, code_verifier="w" * 43) == "invalid_code_verifier"
        )
        assert await error(code=code(), code_verifier="v" * 43) == "bad_redirect_uri"
        assert await error(code=code(), client_id="2", **fine) == "invalid_client_id"
        assert await error(code=code(), client_secret="x", **fine) == "bad_client_secret"
        assert await error(grant_type="password") == "invalid_grant_type"
        late = code()
        slack.clock.advance(601)
        assert await error(code=late, **fine) == "invalid_code"

        used = code()
        tokens = await exchange(code=used, **fine)
        assert await error(code=used, **fine) == "code_already_used"
        assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("bot", 43_200, "chat:write")
        assert tokens["bot_user_id"] == workspace.bot.id
        assert (await client.auth_test(token=tokens["access_token"]))["expires_in"] == 43_200

        newer = await exchange(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        again = await error(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert again == "invalid_refresh_token"
        for token in (tokens["access_token"], newer["access_token"]):
            assert (await client.auth_test(token=token))["ok"]
        slack.clock.advance(43_200)
        with pytest.raises(SlackApiError, match="token_expired"):
            await client.auth_test(token=newer["access_token"])
        newest = await exchange(grant_type="refresh_token", refresh_token=newer["refresh_token"])
        await client.auth_revoke(token=newest["access_token"])
        with pytest.raises(SlackApiError, match="token_revoked"):
            await client.auth_test(token=newest["access_token"])
        assert slack.delivery.log[-1].event == {
            "type": "tokens_revoked",
            "tokens": {"oauth": [], "bot": [workspace.bot.id]},
        }


async def test_long_lived_tokens_are_exchanged_and_an_app_can_remove_itself() -> None:
    async with FakeSlack(MANIFEST) as slack:
        workspace = slack.workspace("Workshop")
        client = AsyncWebClient(base_url=slack.base_url)
        credentials = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
        old = workspace.bot_token
        traded = await client.oauth_v2_exchange(token=old, **credentials)
        assert traded["access_token"] == workspace.bot_token
        assert traded["refresh_token"].startswith("xoxe-1-")
        with pytest.raises(SlackApiError, match="token_revoked"):
            await client.auth_test(token=old)
        with pytest.raises(SlackApiError, match="bad_client_secret"):
            await client.apps_uninstall(
                token=traded["access_token"], client_id=slack.app.client_id, client_secret="guess"
            )
        await client.apps_uninstall(token=traded["access_token"], **credentials)
        with pytest.raises(SlackApiError, match="account_inactive"):
            await client.auth_test(token=traded["access_token"])
        kinds = [delivery.event["type"] for delivery in slack.delivery.log]
        assert kinds == ["tokens_revoked", "app_uninstalled"]


async def test_the_authorize_page_in_a_browser() -> None:
    async with FakeSlack(MANIFEST) as slack, aiohttp.ClientSession() as browser:
        workspace = slack.workspace("<Workshop>", install=False)
        ana = workspace.member("Ana")
        good = {
            "client_id": slack.app.client_id,
            "scope": "chat:write,users:read",
            "state": "abc",
            "redirect_uri": "http://127.0.0.1/back",
        }

        async def page(**changes: str) -> str:
            async with browser.get(slack.authorize_url, params={**good, **changes}) as answer:
                return await answer.text()

        text = await page()
        assert "Kith is requesting permission" in text
        assert "&lt;Workshop&gt;" in text
        assert "invalid_client_id" in await page(client_id="1")
        assert "invalid_scope: admin" in await page(scope="admin")
        assert "no_scopes" in await page(scope="")
        assert "bad_redirect_uri" in await page(redirect_uri="https://evil.example/")
        assert "code_challenge_method" in await page(code_challenge="x", code_challenge_method="plain")
        for press, expected in (
            ({"allow": "", "user": ana.id}, "code="),
            ({"cancel": ""}, "error=access_denied"),
        ):
            async with browser.post(
                slack.authorize_url, params=good, data=press, allow_redirects=False
            ) as answer:
                assert answer.status == 302
                assert expected in answer.headers["Location"]
                assert "state=abc" in answer.headers["Location"]
