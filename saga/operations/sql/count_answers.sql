-- How many things of an operation got each answer.
-- Index: operation_item_pkey.
SELECT answer, count(*) AS items FROM saga.operation_item WHERE operation_id = :operation_id
GROUP BY answer ORDER BY items DESC, answer
