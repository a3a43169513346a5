-- Who was greeted, once a membership, and which text is next.

CREATE TABLE welcome_greeting (
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    member TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    channel TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (community, member, epoch)
);

CREATE TABLE welcome_turn (
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    turn BIGINT NOT NULL,
    PRIMARY KEY (community, space)
);
