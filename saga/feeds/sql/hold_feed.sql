-- Whether this transaction now is the only one that feeds a consumer from a module's log; it is until it ends.
SELECT pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', 'feed', CAST(:consumer AS text), CAST(:module AS text)), 0))
