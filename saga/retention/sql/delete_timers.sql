-- Deletes the timers of pruned instances, fired or not: a settled instance waits for none.
-- Index: timer_pkey.
DELETE FROM saga.timer
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
