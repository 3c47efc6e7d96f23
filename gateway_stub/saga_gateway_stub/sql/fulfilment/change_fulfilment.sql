-- Carries commands out, at most one for each effect of an order; one that is not returned was superseded.
-- The order of the rows is the order of the locks.
-- Index: fulfilment_pkey.
INSERT INTO fulfilment.fulfilment AS f (order_id, effect, state, revision, command_id, starts, stops)
SELECT
    n.order_id, n.effect, n.state, n.revision, n.command_id,
    CAST(n.state = 'started' AS integer), CAST(n.state = 'stopped' AS integer)
FROM unnest(
    CAST(:order_ids AS text[]), CAST(:effects AS text[]), CAST(:states AS text[]),
    CAST(:revisions AS integer[]), CAST(:command_ids AS text[])
) AS n (order_id, effect, state, revision, command_id)
ORDER BY n.order_id, n.effect
ON CONFLICT (order_id, effect) DO UPDATE SET
    state = excluded.state,
    revision = excluded.revision,
    command_id = excluded.command_id,
    starts = f.starts + excluded.starts,
    stops = f.stops + excluded.stops,
    changed_at = clock_timestamp()
WHERE f.revision < excluded.revision
RETURNING command_id
