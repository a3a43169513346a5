-- Few wait and few are greeted together, so the greetings of all others need no place in these indexes.

DROP INDEX welcome_greeting_form;
DROP INDEX welcome_greeting_party;

CREATE INDEX welcome_greeting_waits ON welcome_greeting (community, space) WHERE form = 'waits';
CREATE INDEX welcome_greeting_party ON welcome_greeting (community, space, party) WHERE party IS NOT NULL;
