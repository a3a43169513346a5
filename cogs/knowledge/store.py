"""Snippets: kept, found, and drawn so that each comes once before any comes again."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from bot import Member, Store
from storage.port import Row

SHELF: Final = "snippet"
QUESTION_WORDS_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Snippet:
    """A small piece of knowledge. ``number`` is what people call it; ``drops`` how often it was shared."""

    id: int
    number: int
    title: str
    words: str
    source: str
    added_by: str
    drops: int

    @classmethod
    def of(cls, row: Row) -> Snippet:
        return cls(
            row["id"],
            row["number"],
            row["title"],
            row["words"],
            row["source"],
            row["added_by"],
            row["drops"],
        )


class SnippetStore(Store):
    async def add(self, *, id: int, title: str, words: str, source: str, by: Member) -> int:
        """Keep a snippet: its number. It joins the round that is going on, or comes first in the next."""
        numbered = await self.one(
            "INSERT INTO knowledge_number (community, space, last) VALUES (:community, :space, 1)"
            " ON CONFLICT (community) DO UPDATE SET last = knowledge_number.last + 1 RETURNING last"
        )
        assert numbered is not None
        await self.run(
            "INSERT INTO knowledge_snippet"
            " (id, community, space, number, title, words, source, added_by, added_at, drops)"
            " VALUES (:id, :community, :space, :number, :title, :words, :source, :by, :now, :drops)",
            id=id,
            number=numbered["last"],
            title=title,
            words=words,
            source=source,
            by=by.key,
            now=self.scope.now,
            drops=max(await self._rounds() - 1, 0),
        )
        await self.tx.index(SHELF, self.scope.community, id, f"{title}\n{words}")
        return int(numbered["last"])

    async def _rounds(self) -> int:
        """How many rounds through the snippets of this space were begun."""
        row = await self.one(
            "SELECT MAX(drops) AS rounds FROM knowledge_snippet"
            " WHERE community = :community AND space = :space"
        )
        return int(row["rounds"] or 0) if row else 0

    async def by_number(self, number: int) -> Snippet | None:
        row = await self.one(
            "SELECT * FROM knowledge_snippet WHERE community = :community AND number = :number",
            number=number,
        )
        return Snippet.of(row) if row else None

    async def same_words(self, words: str) -> Snippet | None:
        """A snippet that says exactly this already."""
        row = await self.one(
            "SELECT * FROM knowledge_snippet WHERE community = :community AND words = :words LIMIT 1",
            words=words,
        )
        return Snippet.of(row) if row else None

    async def page(self, after: int, limit: int) -> list[Snippet]:
        """Snippets by number, those after the number ``after``."""
        rows = await self.all(
            "SELECT * FROM knowledge_snippet WHERE community = :community AND number > :after"
            " ORDER BY number LIMIT :limit",
            after=after,
            limit=limit,
        )
        return [Snippet.of(row) for row in rows]

    async def count(self) -> int:
        row = await self.one("SELECT COUNT(*) AS kept FROM knowledge_snippet WHERE community = :community")
        assert row is not None
        return int(row["kept"])

    async def remove(self, snippet: Snippet) -> None:
        await self.run(
            "DELETE FROM knowledge_snippet WHERE community = :community AND id = :id", id=snippet.id
        )
        await self.tx.unindex(SHELF, snippet.id)

    async def next(self) -> Snippet | None:
        """The snippet that the next drop shares: one of those shared least, in an order shuffled anew
        for every round, and not the one shared last if there is another.
        """
        rows = await self.all(
            "SELECT * FROM knowledge_snippet WHERE community = :community AND space = :space AND drops ="
            " (SELECT MIN(drops) FROM knowledge_snippet WHERE community = :community AND space = :space)"
        )
        last = await self.one(
            "SELECT id FROM knowledge_snippet WHERE community = :community AND space = :space"
            " AND dropped_at IS NOT NULL ORDER BY dropped_at DESC, id DESC LIMIT 1"
        )
        drawn = sorted((Snippet.of(row) for row in rows), key=_shuffled)
        if len(drawn) > 1 and last is not None and drawn[0].id == last["id"]:
            return drawn[1]
        return drawn[0] if drawn else None

    async def dropped(self, snippet: Snippet) -> None:
        await self.run(
            "UPDATE knowledge_snippet SET drops = drops + 1, dropped_at = :now"
            " WHERE community = :community AND id = :id",
            id=snippet.id,
            now=self.scope.now,
        )

    async def search(self, question: str, limit: int) -> list[Snippet]:
        """What answers a question best: all its words if possible, else most of its telling ones."""
        found = await self.tx.search(SHELF, self.scope.community, question, limit)
        if len(found) < limit:
            found += [id for id in await self._by_words(question, limit) if id not in found]
        return await self._load(found[:limit])

    async def _by_words(self, question: str, limit: int) -> list[int]:
        kept = await self.count()
        scores: dict[int, int] = {}
        for word in dict.fromkeys(question.split()[:QUESTION_WORDS_MOST]):
            hits = await self.tx.search(SHELF, self.scope.community, word, 200)
            if len(word) < 3 or len(hits) * 2 > max(kept, 4):
                continue
            for id in hits:
                scores[id] = scores.get(id, 0) + 1
        return sorted(scores, key=lambda id: (-scores[id], -id))[:limit]

    async def _load(self, ids: list[int]) -> list[Snippet]:
        rows = [
            await self.one("SELECT * FROM knowledge_snippet WHERE community = :community AND id = :id", id=id)
            for id in ids
        ]
        return [Snippet.of(row) for row in rows if row is not None]

    async def about(self, member: Member) -> list[dict[str, Any]]:
        rows = await self.all(
            "SELECT number, title, words, source, added_at FROM knowledge_snippet"
            " WHERE community = :community AND added_by = :member ORDER BY number",
            member=member.key,
        )
        return [
            {
                "number": row["number"],
                "title": row["title"],
                "words": row["words"],
                "source": row["source"],
                "at": row["added_at"],
            }
            for row in rows
        ]

    async def anonymise(self, member: Member) -> None:
        await self.run(
            "UPDATE knowledge_snippet SET added_by = '' WHERE community = :community AND added_by = :member",
            member=member.key,
        )


def _shuffled(snippet: Snippet) -> bytes:
    return blake2b(f"{snippet.id}:{snippet.drops}".encode(), digest_size=8).digest()
