-- What was pruned before: a fifth as many instances, messages and streams.
WITH instances AS (
    INSERT INTO saga.instance_tombstone
        (process, process_id, process_version, stream_version, outcome, state, created_at, settled_at)
    SELECT 'order', 'old-' || n, 1, 2, 'paid', '{"parts": {"payment": "paid"}, "facts": []}', now(), now()
    FROM generate_series(1, CAST(:count AS bigint) / 5) AS n
), messages AS (
    INSERT INTO saga.inbox_tombstone (consumer, key, digest)
    SELECT 'order', decode(md5('old-' || n), 'hex'), decode(md5(CAST(n AS text)), 'hex')
    FROM generate_series(1, CAST(:count AS bigint) / 5) AS n
)
INSERT INTO saga.stream_tombstone (module, stream_id, last_version)
SELECT 'order-process', 'old-' || n, 2 FROM generate_series(1, CAST(:count AS bigint) / 5) AS n
