-- Counts orders that are not settled.
-- Index: instance_open_idx.
SELECT count(*) FROM saga.instance WHERE NOT settled
