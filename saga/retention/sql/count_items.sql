-- How many answers of these operations there are.
-- Index: operation_item_pkey.
SELECT count(*) FROM saga.operation_item WHERE operation_id = ANY (CAST(:operation_ids AS bigint[]))
