-- All positions up to this one are committed: an append holds the row until its transaction ends.
-- Index: module_pkey.
SELECT last_position FROM saga.module WHERE name = :module
