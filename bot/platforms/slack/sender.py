"""Brings to Slack what leaves the host: fitted, rendered, posted once, and looked up where that is unsure."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import aiohttp

from bot.model.content import Card, Content, Image, Section
from bot.model.ids import Member
from bot.model.outgoing import (
    Answer,
    Delete,
    Destination,
    Edit,
    InChannel,
    Outgoing,
    Post,
    React,
    Receipt,
)
from bot.model.text import T, people
from bot.platforms.base import Gone, RetryLater, Unsure
from bot.platforms.fit import fit, texts
from bot.platforms.slack import emoji
from bot.platforms.slack.answers import Token, Way
from bot.platforms.slack.client import PAGE, Refused
from bot.platforms.slack.home import Homes, home_view
from bot.platforms.slack.limits import HOME, SLACK, measure
from bot.platforms.slack.notices import FILES, PRIVATE, Notices
from bot.platforms.slack.render import Rendered, Renderer
from bot.platforms.slack.workspace import Recent, Workspace

EVENT_TYPE: Final = "kith_post"
MARGIN: Final = 60
"""Seconds by which Slack's clock may be behind ours when the history is read."""

_TEXT_INSTEAD: Final = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_arguments",
    }
)
_NEEDS_OPERATOR: Final = frozenset(
    {"token_revoked", "token_expired", "invalid_auth", "not_authed", "org_login_required"}
)
_NOT_HERE: Final = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "user_not_in_channel",
        "is_archived",
        "thread_not_found",
        "messages_tab_disabled",
        "not_enabled",
        "view_too_large",
    }
)
_MIME: Final = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}


def digest(key: str) -> str:
    """An intent's key as it stands in a message's metadata, which every app can read."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


class Sender:
    """Delivers into workspaces. ``workspace_of`` gives one by its space, or raises Gone or RetryLater.

    ``alone``: there is but one, so that a token which Slack refuses holds up everything.
    """

    def __init__(
        self,
        workspace_of: Callable[[str], Workspace],
        renderer_of: Callable[[Workspace], Renderer],
        notices: Notices,
        *,
        alone: bool = True,
    ) -> None:
        self._alone = alone
        self._workspace_of = workspace_of
        self._renderer_of = renderer_of
        self._notices = notices
        self._done = Recent(2_048)
        self._files = Recent(256)
        self._looks = Recent(1_024)
        """Where in the history each look that was cut short goes on."""
        self._homes = Homes()

    async def deliver(self, out: Outgoing) -> Receipt:
        """Send one thing. Raises RetryLater, Gone or Unsure."""
        workspace = self._workspace_of(out.to.space)
        try:
            receipt = await self._done_with(workspace, out)
        except Refused as refused:
            await self._notices.trouble(workspace, refused.error, _place_of(out))
            if refused.error in _NEEDS_OPERATOR:
                raise RetryLater(
                    str(refused), 60.0 if self._alone else 10.0, everywhere=self._alone
                ) from refused
            raise Gone(str(refused)) from refused
        if isinstance(out, Post) and not isinstance(out.to, Answer):
            await self._notices.mended(workspace, _place_of(out))
        return receipt

    async def _done_with(self, workspace: Workspace, out: Outgoing) -> Receipt:
        match out:
            case Post():
                return await self._post(workspace, out)
            case Edit():
                return await self._edit(workspace, out)
            case Delete():
                return await self._delete(workspace, out)
            case React():
                return await self._react(workspace, out)

    async def find(self, out: Outgoing, since: int) -> Receipt | None:
        """Whether a post stands in the history. Raises Unsure when that can't be read.

        A look that is cut short, as where Slack lets an app read one small page a minute, goes on next time.
        """
        if not isinstance(out, Post) or isinstance(out.to, Answer):
            return None
        workspace = self._workspace_of(out.to.space)
        look = f"{out.to.space} {out.key}"
        try:
            found = await self._look(workspace, out, since, look)
        except Refused as refused:
            self._looks.pop(look, None)
            raise Unsure(f"{refused.error}: the history can't be read") from refused
        self._looks.pop(look, None)
        return found

    async def _look(self, workspace: Workspace, out: Post, since: int, look: str) -> Receipt | None:
        assert not isinstance(out.to, Answer)
        channel = await self._place(workspace, out.to)
        within = out.to.thread if isinstance(out.to, InChannel) else None
        look_in = partial(self._look_in, workspace, channel, digest(out.key), since, look)
        try:
            return await look_in(within or out.reply_to)
        except Refused as refused:
            if refused.error == "not_in_channel":
                await self._join(workspace, channel, refused)
                return await look_in(within or out.reply_to)
            if refused.error != "thread_not_found":
                raise
        # nothing is in a thread that is gone, but what was a reply to it may stand in the channel
        return None if within else await look_in(None)

    async def _look_in(
        self, workspace: Workspace, channel: str, wanted: str, since: int, look: str, thread: str | None
    ) -> Receipt | None:
        while True:
            page = await workspace.client.call(
                "conversations.replies" if thread else "conversations.history",
                channel=channel,
                ts=thread,
                oldest=str(max(since // 1000 - MARGIN, 0)),
                include_all_metadata="true",
                cursor=self._looks.get(look),
                limit=PAGE,
            )
            for message in page["messages"]:
                metadata = message.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                ours = message.get("user") == workspace.bot_user
                if ours and metadata.get("event_type") == EVENT_TYPE and payload.get("key") == wanted:
                    return Receipt(workspace.message(channel, message["ts"], thread))
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            self._looks.keep(look, cursor)

    # -- posts ---------------------------------------------------------------------------------------------

    async def _post(self, workspace: Workspace, out: Post) -> Receipt:
        receipts = []
        limits = HOME if isinstance(out.to, Answer) and Token.is_home(out.to.token) else SLACK
        for part in fit(out, limits, measure):
            assert isinstance(part, Post)
            name = f"{out.to.space} {part.key}"
            done: Receipt | None = self._done.get(name)
            if done is None:
                done = await self._one(workspace, part)
                self._done.keep(name, done)
            receipts.append(done)
        return receipts[0]

    async def _one(self, workspace: Workspace, post: Post) -> Receipt:
        message = await self._rendered(workspace, post.content, post.pings)
        if isinstance(post.to, Answer):
            return await self._answer(workspace, post.to, message)
        channel = await self._place(workspace, post.to)
        thread = post.to.thread if isinstance(post.to, InChannel) else None
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": digest(post.key)}}

        async def say(thread: str | None, **words: Any) -> dict[str, Any]:
            return await workspace.client.call(
                "chat.postMessage",
                channel=channel,
                thread_ts=thread,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
                **words,
            )

        async def joining(thread: str | None, **words: Any) -> dict[str, Any]:
            try:
                return await say(thread, **words)
            except Refused as refused:
                if refused.error != "not_in_channel":
                    raise
                await self._join(workspace, channel, refused)
                return await say(thread, **words)

        try:
            answer = await self._said(lambda **words: joining(thread or post.reply_to, **words), message)
        except Refused as refused:
            if refused.error != "thread_not_found" or thread is not None or post.reply_to is None:
                raise
            answer = await self._said(lambda **words: joining(None, **words), message)
        within = answer.get("message", {}).get("thread_ts")
        return Receipt(workspace.message(answer["channel"], answer["ts"], within))

    @staticmethod
    async def _said(say: Callable[..., Awaitable[Any]], message: Rendered) -> Any:
        """Say it in blocks; where Slack will have none of them, in words."""
        try:
            return await say(text=message.text, blocks=message.blocks or None)
        except Refused as refused:
            if refused.error not in _TEXT_INSTEAD or not message.blocks:
                raise
        return await say(text=message.text)

    @staticmethod
    async def _join(workspace: Workspace, channel: str, refused: Refused) -> None:
        """Go into a public channel that Kith was told to post in."""
        try:
            await workspace.client.call("conversations.join", channel=channel)
        except Refused:
            raise refused from None

    async def _place(self, workspace: Workspace, to: Destination) -> str:
        if isinstance(to, InChannel):
            return to.channel.id
        return await workspace.direct(to.member.id)

    # -- private answers -----------------------------------------------------------------------------------

    async def _answer(self, workspace: Workspace, to: Answer, message: Rendered) -> Receipt:
        token = Token.of(to.token)
        try:
            if token is not None and await self._by_token(workspace, token, to, message):
                return Receipt()
        except Refused as refused:
            if refused.error not in _NOT_HERE and not refused.error.startswith("restricted_action"):
                raise
        channel = await workspace.direct(to.member.id)
        thread = token.thread if token is not None and token.way is Way.DIRECT else ""
        answer = await self._said(
            lambda **words: workspace.client.call(
                "chat.postMessage",
                channel=channel,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
                **words,
            ),
            message,
        )
        return Receipt(workspace.message(channel, answer["ts"]))

    async def _by_token(self, workspace: Workspace, token: Token, to: Answer, message: Rendered) -> bool:
        """Answer where the interaction was; False where it can only be said privately."""
        client, thread = workspace.client, {"thread_ts": token.thread} if token.thread else {}
        if token.way is Way.HOME:
            person = f"{workspace.team} {to.member.id}"
            blocks = self._homes.beside(person, token.nonce, message.blocks)
            if blocks is None:
                return False
            await self._said(
                lambda text, blocks=None: client.call(
                    "views.publish", user_id=to.member.id, view=home_view(blocks or [], text)
                ),
                replace(message, blocks=blocks),
            )
            self._homes.shown(person, token.nonce, blocks)
            return True
        if token.way is Way.URL:
            base = {"response_type": "ephemeral", "replace_original": False, **thread}
            try:
                await self._said(lambda **words: client.post_to(token.url, {**base, **_set(words)}), message)
                return True
            except Refused as refused:
                if refused.error in _TEXT_INSTEAD:
                    raise
        if token.way is Way.DIRECT or to.channel is None:
            return False
        channel = to.channel.id
        await self._said(
            lambda **words: client.call(
                "chat.postEphemeral", channel=channel, user=to.member.id, **thread, **words
            ),
            message,
        )
        return True

    # -- what stands already -------------------------------------------------------------------------------

    async def _edit(self, workspace: Workspace, out: Edit) -> Receipt:
        if out.target is None:
            if isinstance(out.to, Answer):
                return await self._post(workspace, Post(out.key, out.to, out.content))
            raise Gone(f"unknown_message: nothing was posted as {out.of}")
        (fitted,) = fit(out, SLACK, measure)
        message = await self._rendered(workspace, fitted.content, ())
        target = out.target
        short = replace(message, text=message.short)

        async def change(**words: Any) -> dict[str, Any]:
            given = {"blocks": [], **_set(words)}
            return await workspace.client.call(
                "chat.update", channel=target.channel.id, ts=target.id, **given
            )

        await self._said(change, short)
        return Receipt(target)

    async def _delete(self, workspace: Workspace, out: Delete) -> Receipt:
        if out.target is None:
            return Receipt()
        try:
            await workspace.client.call("chat.delete", channel=out.target.channel.id, ts=out.target.id)
        except Refused as refused:
            if refused.error != "message_not_found":
                raise
        return Receipt(out.target)

    async def _react(self, workspace: Workspace, out: React) -> Receipt:
        name = emoji.name(out.emoji)
        if name is None:
            raise Gone(f"unknown_emoji: Slack's name for {out.emoji} isn't known")
        try:
            await workspace.client.call(
                "reactions.add", channel=out.target.channel.id, timestamp=out.target.id, name=name
            )
        except Refused as refused:
            if refused.error != "already_reacted":
                raise
        return Receipt(out.target)

    # -- content -------------------------------------------------------------------------------------------

    async def _rendered(self, workspace: Workspace, content: Content, pings: tuple[Member, ...]) -> Rendered:
        for member in people(*texts(content)):
            if not member.name:
                await workspace.person(member.id)
        image = content.image if isinstance(content, Card) else None
        file = await self._upload(workspace, image) if image is not None else None
        if isinstance(content, Card) and image is not None and file is None:
            alt = Section(T("Picture: {alt}", alt=image.alt))
            content = replace(content, image=None, sections=(*content.sections, alt))
        return self._renderer_of(workspace).message(content, pings, file)

    async def _upload(self, workspace: Workspace, image: Image) -> str | None:
        """The id of a picture at Slack; None where Slack won't take it, which leaves its words.

        An upload that was lost is nowhere to be seen, so it is simply made again.
        """
        name = f"{workspace.team} {hashlib.sha256(image.data).hexdigest()} {image.alt}"
        known: str | None = self._files.get(name)
        if known is not None:
            return known
        try:
            place = await workspace.client.call(
                "files.getUploadURLExternal",
                filename=f"picture.{_MIME.get(image.media_type, 'png')}",
                length=len(image.data),
                alt_txt=image.alt[:1_000] or None,
            )
            api = workspace.client.api
            async with api.session.post(place["upload_url"], data=image.data, proxy=api.proxy) as answer:
                if answer.status != 200:
                    raise RetryLater(f"upload-failed: {answer.status}", 5.0)
            await workspace.client.call(
                "files.completeUploadExternal", files=f'[{{"id": "{place["file_id"]}"}}]'
            )
        except (Unsure, aiohttp.ClientError, TimeoutError) as error:
            raise RetryLater(f"upload-failed: {error}", 5.0) from error
        except Refused as refused:
            await self._notices.trouble(workspace, refused.error, FILES)
            return None
        await self._notices.mended(workspace, FILES)
        self._files.keep(name, place["file_id"])
        return str(place["file_id"])


def _place_of(out: Outgoing) -> str:
    """Where something goes, as an admin is told of it."""
    return out.to.channel.id if isinstance(out.to, InChannel) else PRIVATE


def _set(words: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value is not None}
