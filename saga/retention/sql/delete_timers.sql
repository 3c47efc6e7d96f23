-- Deletes the timers of pruned instances; all have fired.
-- Index: timer_pkey.
DELETE FROM saga.timer
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
