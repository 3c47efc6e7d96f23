-- The end of a module's log, which all modules may read. All positions up to the last one are committed where position
-- order is commit order: an append holds the module's row until its transaction ends.
-- Index: module_pkey.
SELECT last_position, last_public_position, pruned_position, commit_ordered FROM saga.public_module WHERE name = :module
