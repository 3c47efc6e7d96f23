-- Begins a batch: whether this is the only pruner now; from here on the log lets entries go, and no table is read from
-- beginning to end, whatever the statistics of a table say that is pruned as fast as it grows. All of it ends with the
-- transaction.
SELECT
    pg_try_advisory_xact_lock(hashtext('saga.prune')) AS is_alone,
    set_config('saga.pruning', 'on', true),
    set_config('enable_seqscan', 'off', true)
