-- Says how far a log is pruned. The last statement of its transaction: whoever appends waits for this row.
-- Index: module_pkey.
UPDATE saga.module SET pruned_position = :position WHERE name = :module AND pruned_position < :position
