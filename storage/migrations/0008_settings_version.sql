-- Changes with each change of the space's settings, so that they are read again only then.
ALTER TABLE space ADD COLUMN settings BIGINT NOT NULL DEFAULT 0;
