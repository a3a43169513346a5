-- With whom somebody was greeted, so that the message can be changed when one of them goes.

ALTER TABLE welcome_greeting ADD COLUMN party TEXT;

CREATE INDEX welcome_greeting_party ON welcome_greeting (community, space, party);
