-- The logs that are kept here, up to where they may lack events, and their last positions.
-- Index: none. There is a row for each module.
SELECT name AS module, pruned_position, last_position FROM saga.module ORDER BY name
