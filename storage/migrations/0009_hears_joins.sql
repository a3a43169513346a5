-- Whether the platform tells who joins this space; where it doesn't, newcomers are noticed later.

ALTER TABLE space ADD COLUMN hears_joins BIGINT NOT NULL DEFAULT 1;
