-- The logs in this database, with the position up to which each may lack events, and its last position.
-- Index: none. There is a row for each module.
SELECT name AS module, pruned_position, last_position FROM saga.module ORDER BY name
