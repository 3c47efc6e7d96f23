-- The transactions that are open now in a log's database, except this one; prepared ones have no session.
-- A standby does not know the transactions of its primary, so there we assume that one is always open.
SELECT l.virtualtransaction AS transaction, false AS is_prepared
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND a.datname = current_database() AND l.pid <> pg_backend_pid()
UNION ALL
SELECT CAST(p.transaction AS text), true FROM pg_prepared_xacts AS p WHERE p.database = current_database()
UNION ALL
SELECT 'on the primary', false WHERE pg_is_in_recovery()
