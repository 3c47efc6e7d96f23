-- Locks one instance, as a step does.
-- Index: instance_pkey.
SELECT FROM saga.instance WHERE process = :process AND process_id = :process_id FOR UPDATE
