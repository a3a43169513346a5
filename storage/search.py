"""Full text search in terms of plain statements, so that both engines index, match and rank alike.

Every token is stored under its shelf and community, so the lists that a search walks hold that community's
docs only.
"""

from storage.port import Dialect, Tx
from storage.tokens import Term, terms, tokens

_FORGET_TEXT = (
    "DELETE FROM search_text WHERE rowid = (SELECT id FROM search_doc WHERE shelf = :shelf AND doc = :doc)"
)
_FORGET_DOC = "DELETE FROM search_doc WHERE shelf = :shelf AND doc = :doc"

_KEEP_DOC = "INSERT INTO search_doc (shelf, doc, size) VALUES (:shelf, :doc, :size) RETURNING id"
_KEEP_TEXT = "INSERT INTO search_text (rowid, tokens) VALUES (:id, :tokens)"
_KEEP_VECTOR = (
    "INSERT INTO search_doc (shelf, doc, size, tokens)"
    " VALUES (:shelf, :doc, :size, array_to_tsvector(string_to_array(:tokens, ' ')))"
)

_FIND_TEXT = (
    "SELECT d.doc FROM search_text AS t JOIN search_doc AS d ON d.id = t.rowid"
    " WHERE t.search_text MATCH :wanted ORDER BY d.size, d.doc DESC LIMIT :limit"
)
_FIND_VECTOR = (
    "SELECT doc FROM search_doc WHERE tokens @@ CAST(:wanted AS tsquery) ORDER BY size, doc DESC LIMIT :limit"
)


async def index(tx: Tx, shelf: str, community: int, doc: int, text: str) -> None:
    """As `Tx.index`."""
    await unindex(tx, shelf, doc)
    own = _own(shelf, community)
    found = [own + token for token in tokens(text)]
    if not found:
        return
    joined = " ".join(found)
    if tx.dialect == "postgres":
        await tx.run(_KEEP_VECTOR, {"shelf": shelf, "doc": doc, "size": len(found), "tokens": joined})
        return
    kept = await tx.one(_KEEP_DOC, {"shelf": shelf, "doc": doc, "size": len(found)})
    assert kept is not None
    await tx.run(_KEEP_TEXT, {"id": kept["id"], "tokens": joined})


async def unindex(tx: Tx, shelf: str, doc: int) -> None:
    """As `Tx.unindex`."""
    _check(shelf)
    if tx.dialect == "sqlite":
        await tx.run(_FORGET_TEXT, {"shelf": shelf, "doc": doc})
    await tx.run(_FORGET_DOC, {"shelf": shelf, "doc": doc})


async def search(tx: Tx, shelf: str, community: int, query: str, limit: int) -> list[int]:
    """As `Tx.search`."""
    own = _own(shelf, community)
    wanted = terms(query)
    if not wanted or limit <= 0:
        return []
    whole = [*wanted[:-1], wanted[-1]._replace(prefix=False)]
    found = await _find(tx, own, whole, limit)
    if len(found) < limit and wanted[-1].prefix:
        found += [doc for doc in await _find(tx, own, wanted, limit) if doc not in found]
    return found[:limit]


async def _find(tx: Tx, own: str, wanted: list[Term], limit: int) -> list[int]:
    rows = await tx.all(
        _FIND_TEXT if tx.dialect == "sqlite" else _FIND_VECTOR,
        {"wanted": _match(tx.dialect, own, wanted), "limit": limit},
    )
    return [row["doc"] for row in rows]


def _match(dialect: Dialect, own: str, wanted: list[Term]) -> str:
    # tokens are letters, digits, marks and pictures: nothing that quoting would have to escape
    if dialect == "sqlite":
        return " AND ".join(f'"{own}{token}"{"*" if prefix else ""}' for token, prefix in wanted)
    return " & ".join(f"'{own}{token}'{':*' if prefix else ''}" for token, prefix in wanted)


def _own(shelf: str, community: int) -> str:
    _check(shelf)
    # a middle dot parts no token in FTS5, and is part of no token of ours
    return f"{shelf}·{community & 0xFFFF_FFFF_FFFF_FFFF:x}·"


def _check(shelf: str) -> None:
    if not (shelf.isascii() and shelf.isalnum() and shelf.islower()):
        raise ValueError(f"A shelf's name is lower-case ASCII letters and digits, not {shelf!r}.")
