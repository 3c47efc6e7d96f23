-- Deletes some of the answers of these operations.
-- Index: operation_item_pkey.
DELETE FROM saga.operation_item WHERE (operation_id, item) IN (
    SELECT operation_id, item FROM saga.operation_item
    WHERE operation_id = ANY (CAST(:operation_ids AS bigint[]))
    LIMIT :limit
)
