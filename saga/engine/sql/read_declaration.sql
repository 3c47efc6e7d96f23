-- What a version of a process is.
-- Index: declaration_pkey.
SELECT form, digests, declared_at AT TIME ZONE 'UTC' AS declared_at FROM saga.declaration WHERE process = :process AND version = :version
