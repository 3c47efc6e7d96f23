-- Begins a batch, and returns whether this is the only pruner now. Until the transaction ends, entries of the log may be
-- deleted, and no sequential scan is used, whatever the statistics say of a table that is pruned as fast as it grows.
SELECT
    pg_try_advisory_xact_lock(hashtext('saga.prune')) AS is_alone,
    set_config('saga.pruning', 'on', true),
    set_config('enable_seqscan', 'off', true)
