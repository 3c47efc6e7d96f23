-- Which deadlines of instances have a timer, fired or not.
-- Index: timer_pkey.
SELECT process_id, array_agg(name) AS names
FROM saga.timer
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
GROUP BY process_id
