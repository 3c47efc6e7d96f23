-- Records how far a log is pruned. The last statement of its transaction, because every append waits for this row.
-- Index: module_pkey.
UPDATE saga.module SET pruned_position = :position WHERE name = :module AND pruned_position < :position
