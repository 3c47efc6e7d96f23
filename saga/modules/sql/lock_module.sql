-- Locks the module's row until the transaction ends; no row if the module has no event yet.
-- Index: module_pkey.
SELECT last_position, last_public_position FROM saga.module WHERE name = :module FOR UPDATE
