-- When an instance was erased last, null if it never was. Reads what operators did, which is little.
SELECT max(at) FROM saga.operation
WHERE action = 'erase' AND ids @> ARRAY[CAST(:process_id AS text)] AND result ->> 'process' = :process
