-- Many at once are greeted together: how each greeting was given, or that it waits to be.

ALTER TABLE welcome_greeting ADD COLUMN form TEXT NOT NULL DEFAULT 'alone';

CREATE INDEX welcome_greeting_at ON welcome_greeting (community, space, at);

CREATE INDEX welcome_greeting_form ON welcome_greeting (community, space, form);
