-- When the platform added the bot: later than what is kept, and it was removed meanwhile though nobody said so.

ALTER TABLE space ADD COLUMN came_at BIGINT;
