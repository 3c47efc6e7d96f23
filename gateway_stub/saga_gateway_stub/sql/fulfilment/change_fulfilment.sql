-- Carries a command out, unless the row has a greater revision: a program that is older than the table fulfilment.effect
-- records revisions only here.
-- Index: fulfilment_pkey.
INSERT INTO fulfilment.fulfilment AS f (order_id, effect, state, revision, command_id, starts, stops)
VALUES (
    :order_id, :effect, :state, :revision, :command_id,
    CAST(CAST(:state AS text) = 'started' AS integer), CAST(CAST(:state AS text) = 'stopped' AS integer)
)
ON CONFLICT (order_id, effect) DO UPDATE SET
    state = excluded.state,
    revision = excluded.revision,
    command_id = excluded.command_id,
    starts = f.starts + excluded.starts,
    stops = f.stops + excluded.stops,
    changed_at = clock_timestamp()
WHERE f.revision < excluded.revision
