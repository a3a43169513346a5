-- What full text search knows of each document: its words in the order of storage/tokens.py.
CREATE TABLE search_doc (
    shelf TEXT NOT NULL,
    doc BIGINT NOT NULL,
    size BIGINT NOT NULL,
    tokens TSVECTOR NOT NULL,
    PRIMARY KEY (shelf, doc)
);

CREATE INDEX search_doc_tokens ON search_doc USING gin (tokens);
