-- What came of some things; the first answer to each stays.
-- Index: operation_item_pkey.
INSERT INTO saga.operation_item (operation_id, item, process, process_id, answer)
SELECT :operation_id, item, process, process_id, answer
FROM unnest(
    CAST(:items AS text[]), CAST(:processes AS text[]), CAST(:process_ids AS text[]), CAST(:answers AS text[])
) AS new (item, process, process_id, answer)
ON CONFLICT (operation_id, item) DO NOTHING
