-- What whoever leads a space was told needs mending, so that a restart does not tell it again.

CREATE TABLE told (
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    what TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (community, space, what)
);
