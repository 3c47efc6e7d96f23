-- What of an operation has no answer yet, in the order in which it was asked for.
-- Indexes: operation_pkey, operation_item_pkey.
SELECT o.item
FROM (
    SELECT one.item, one.place FROM saga.operation, unnest(ids) WITH ORDINALITY AS one (item, place)
    WHERE operation_id = :operation_id
) AS o
LEFT JOIN (SELECT item FROM saga.operation_item WHERE operation_id = :operation_id) AS i ON i.item = o.item
WHERE i.item IS NULL
ORDER BY o.place
