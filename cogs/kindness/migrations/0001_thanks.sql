-- Thanks with their story, and who joined in. An empty giver or receiver has been forgotten.

CREATE TABLE kindness_thanks (
    id BIGINT PRIMARY KEY,
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    giver TEXT NOT NULL,
    receiver TEXT NOT NULL,
    why TEXT NOT NULL,
    channel TEXT NOT NULL,
    at BIGINT NOT NULL,
    told_at BIGINT
);

CREATE INDEX kindness_thanks_told ON kindness_thanks (community, space, told_at, at);

CREATE INDEX kindness_thanks_giver ON kindness_thanks (community, giver, at);

CREATE INDEX kindness_thanks_receiver ON kindness_thanks (community, receiver, at);

CREATE TABLE kindness_me_too (
    community BIGINT NOT NULL,
    space TEXT NOT NULL,
    thanks BIGINT NOT NULL,
    member TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (community, thanks, member)
);

CREATE INDEX kindness_me_too_member ON kindness_me_too (community, member);
