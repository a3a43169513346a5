-- What full text search knows of each document: its words in the order of storage/tokens.py.
CREATE TABLE search_doc (
    id INTEGER PRIMARY KEY,
    shelf TEXT NOT NULL,
    doc BIGINT NOT NULL,
    size BIGINT NOT NULL,
    UNIQUE (shelf, doc)
);

CREATE VIRTUAL TABLE search_text USING fts5(tokens, tokenize = 'ascii', detail = 'none', columnsize = 0);
