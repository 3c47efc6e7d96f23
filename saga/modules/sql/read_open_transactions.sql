-- The transactions that are open now in the database of a log, this one aside; prepared ones have nobody who runs them.
-- A standby knows nothing of the transactions on its primary: there one is always open, for all that can be told.
SELECT l.virtualtransaction AS transaction, false AS is_prepared
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND a.datname = current_database() AND l.pid <> pg_backend_pid()
UNION ALL
SELECT CAST(p.transaction AS text), true FROM pg_prepared_xacts AS p WHERE p.database = current_database()
UNION ALL
SELECT 'on the primary', false WHERE pg_is_in_recovery()
