-- What a form needs besides what people fill in, kept between showing it and getting it back.

CREATE TABLE draft (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    member TEXT NOT NULL,
    body TEXT NOT NULL,
    made_at BIGINT NOT NULL
);

CREATE INDEX draft_made_at ON draft (made_at);

CREATE INDEX draft_member ON draft (community, member);
