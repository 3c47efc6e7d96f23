-- Modules whose logs are kept here.
-- Index: module_pkey.
SELECT name FROM saga.module WHERE name = ANY (CAST(:modules AS text[]))
