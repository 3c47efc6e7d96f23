-- Instances of which one in ten is open: mostly young ones, and some old.
INSERT INTO saga.instance
    (process, process_id, process_version, stream_version, outcome, settled, state, created_at, updated_at)
SELECT
    'order', 'o-' || n, 1, 2,
    CASE WHEN is_open THEN 'awaiting payment' WHEN n % 7 = 0 THEN 'cancelled' ELSE 'paid' END,
    NOT is_open,
    jsonb_build_object('parts', jsonb_build_object('payment', 'paid', 'request', 'placed'), 'facts', '[]'::jsonb),
    moment, moment + interval '1 min'
FROM generate_series(1, CAST(:count AS bigint)) AS n,
    LATERAL (SELECT
        n > CAST(:count AS bigint) * 92 / 100 OR n % 50 = 0,
        now() - make_interval(secs => (CAST(:count AS bigint) - n) * 8)
    ) AS i (is_open, moment)
