"""Words that people may write to trick, to break, or just because it is their language."""

HOSTILE = (
    "@everyone @here <!channel> <!here|here> <@u2> <@!u2> <@&r1> <#c1> <!subteam^S1>",
    "**loud** _slanted_ `code` ~~gone~~ ||spoiler|| > quote # title",
    "[a link](https://evil.example) <https://evil.example|harmless>",
    "<b onmouseover=alert(1)>hi</b> &lt;i&gt; <script>alert(1)</script>",
    "turned \u202e around \u2066 and \u202d not back",
    "{member} {{x}} {0.__class__} {count!r} %s %(x)s $HOME",
    "'; DROP TABLE member; -- \" \\ \\n \\u0000",
    "👩‍👩‍👧‍👦 🏳️‍🌈 مرحبا بكم שלום ありがとう ﷽ Z̸̛͎a̷l̶g̵o̸",
    "/shoutout @Jo why: because of it",
)
