-- The deadlines of pruned instances, fired or not: nothing that is settled waits for one.
-- Index: timer_pkey.
DELETE FROM saga.timer
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
