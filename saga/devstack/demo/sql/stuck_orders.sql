-- Orders that still wait for something.
-- Index: instance_open_idx.
SELECT count(*) FROM saga.instance WHERE NOT settled
