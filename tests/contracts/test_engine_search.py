"""What every engine promises about full text search."""

import pytest

from storage.port import Engine, Tx

TEXTS = {
    1: "How to brew coffee: grind, bloom, pour",
    2: "Coffee",
    3: "Crème brûlée for the Straße party",
    4: "東京都に住む猫の話",
    5: "สวัสดีครับ ยินดีต้อนรับ",
    6: "हिन्दी में स्वागत है",
    7: "한국어를 배우는 사람들",
    8: "مرحباً بكم في المجتمع",
    9: "ברוכים הבאים לקהילה",
    10: "Добро пожаловать, ёжик",
    11: "don't panic — it's C++ & node.js 🎉",
    12: "ភាសាខ្មែរ",
    13: "မြန်မာဘာသာ",
    14: "ＦＵＬＬ　ｗｉｄｔｈ ﬁne",
    15: "Καλώς ΉΡΘΑΤΕ",
    16: "Coffeehouse rules",
}


async def fill(engine: Engine, community: int = 1) -> None:
    async def work(tx: Tx) -> None:
        for doc, text in TEXTS.items():
            await tx.index("snippet", community, doc, text)

    await engine.unit(community, work)


async def find(
    engine: Engine, query: str, *, community: int = 1, shelf: str = "snippet", limit: int = 50
) -> list[int]:
    return await engine.read(lambda tx: tx.search(shelf, community, query, limit))


@pytest.mark.parametrize(
    ("query", "docs"),
    [
        ("coffee", [2, 1, 16]),
        ("COFF", [2, 16, 1]),
        ("coffee brew", [1]),
        ("brew coffee", [1]),
        ("coffee tea", []),
        ("rules coffee", [16]),
        ("brew cof", [1]),
        ("cof brew", []),
        ("creme brulee", [3]),
        ("strasse", [3]),
        ("東京", [4]),
        ("住む猫", [4]),
        ("話", [4]),
        ("猫", [4]),
        ("京東", []),
        ("ยินดี", [5]),
        ("स्वागत", [6]),
        ("배우는", [7]),
        ("한국", [7]),
        ("مرحبا", [8]),
        ("ברוכים", [9]),
        ("ежик", [10]),
        ("🎉", [11]),
        ("don't", [11]),
        ("c++", [1, 2, 3, 11, 16]),
        ("ខ្មែរ", [12]),
        ("ဘာသာ", [13]),
        ("full width fine", [14]),
        ("ηρθατε", [15]),
        ("", []),
        ("   \n", []),
        ("!?", []),
    ],
)
async def test_words_are_found_in_many_scripts(engine: Engine, query: str, docs: list[int]) -> None:
    await fill(engine)
    found = await find(engine, query)
    assert (sorted(found) if query == "c++" else found) == docs


async def test_the_whole_word_comes_first_then_the_shorter_then_the_newer(engine: Engine) -> None:
    async def work(tx: Tx) -> None:
        await tx.index("snippet", 1, 1, "teapot")
        await tx.index("snippet", 1, 2, "tea for two and more")
        await tx.index("snippet", 1, 3, "green tea")
        await tx.index("snippet", 1, 4, "black tea")

    await engine.unit(1, work)
    assert await find(engine, "tea") == [4, 3, 2, 1]
    assert await find(engine, "tea", limit=2) == [4, 3]
    assert await find(engine, "tea", limit=0) == []


async def test_communities_and_shelves_are_apart(engine: Engine) -> None:
    async def work(tx: Tx) -> None:
        await tx.index("snippet", 1, 1, "shared word")
        await tx.index("snippet", 2, 2, "shared word")
        await tx.index("snippet", 2**63 - 1, 3, "shared word")
        await tx.index("answer", 1, 1, "shared word")
        await tx.index("snippet2", 1, 4, "shared word")

    await engine.unit(1, work)
    assert await find(engine, "shared") == [1]
    assert await find(engine, "shared", community=2) == [2]
    assert await find(engine, "shared", community=2**63 - 1) == [3]
    assert await find(engine, "shared", shelf="answer") == [1]
    assert await find(engine, "shared", shelf="snippet2") == [4]
    assert await find(engine, "shared", community=0) == []


async def test_indexing_again_replaces_and_unindexing_forgets(engine: Engine) -> None:
    async def first(tx: Tx) -> None:
        await tx.index("snippet", 1, 1, "old words here")
        await tx.index("snippet", 1, 2, "old friend")

    async def second(tx: Tx) -> None:
        await tx.index("snippet", 1, 1, "new words here")
        await tx.unindex("snippet", 2)
        await tx.unindex("snippet", 99)
        await tx.index("snippet", 2, 2, "moved to another community")

    await engine.unit(1, first)
    assert await find(engine, "old") == [2, 1]
    await engine.unit(1, second)
    assert await find(engine, "old") == []
    assert await find(engine, "new") == [1]
    assert await find(engine, "moved", community=2) == [2]
    await engine.unit(1, lambda tx: tx.index("snippet", 1, 1, " .. "))
    assert await find(engine, "new") == []
    assert await engine.checkup() == []


async def test_a_unit_that_fails_leaves_no_trace_in_the_index(engine: Engine) -> None:
    async def work(tx: Tx) -> None:
        await tx.index("snippet", 1, 1, "ghost")
        assert await tx.search("snippet", 1, "ghost", 5) == [1]
        raise LookupError

    with pytest.raises(LookupError):
        await engine.unit(1, work)
    assert await find(engine, "ghost") == []


HOSTILE = [
    '" OR 1=1 --',
    "NEAR(a b, 5)",
    "a* AND b* NOT c",
    "tokens : x",
    "^start + end",
    "'quoted':* & | ! <-> \\",
    "{}[]()^~:%_$#@;",
    "\x00\x01\x1f\x7f\u2028\u202e\ufeff",
    "\ud800 lone \udfff",
    "snippet·1·coffee",
    "a" * 100_000,
    "word " * 20_000,
    "東" * 100_000,
    "a" + "\u0316\u0301" * 50_000,
    "\ufdfa" * 10_000,
    "".join(map(chr, range(0x4E00, 0x9FA5))) * 4,
    "".join(f"w{n} " for n in range(15_000)),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
async def test_any_text_and_any_query_is_safe(engine: Engine, text: str) -> None:
    async def work(tx: Tx) -> None:
        await tx.index("snippet", 1, 2, text)
        await tx.index("snippet", 1, 1, "plain words")

    await engine.unit(1, work)
    found = await find(engine, text)
    assert set(found) <= {2}
    assert await find(engine, "plain") == [1]


@pytest.mark.parametrize("shelf", ["", "Snippet", "a b", "schlüssel", "a·1", "123"])
async def test_a_shelf_has_a_plain_name(engine: Engine, shelf: str) -> None:
    with pytest.raises(ValueError, match="shelf"):
        await find(engine, "x", shelf=shelf)
