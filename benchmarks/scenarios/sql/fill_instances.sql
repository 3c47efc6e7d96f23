-- Instances that ended long ago, with keys in no order; $1 of them.
INSERT INTO saga.instance
    (process, process_id, process_version, stream_version, outcome, settled, state, created_at, updated_at)
SELECT
    'order', md5('order-' || n), 1, 4, 'paid', true,
    jsonb_build_object(
        'parts', jsonb_build_object('payment', 'paid', 'request', 'placed', 'deadline', 'elapsed'),
        'facts', jsonb_build_array(md5('fact-' || n))
    ),
    now() - make_interval(secs => n % 100000000), now() - make_interval(secs => n % 100000000)
FROM generate_series(1, CAST($1 AS bigint)) AS n
