-- Lets commands hold, at most one for each effect of an instance; a command that is not returned was superseded.
-- Locks the effects even if nothing changes; the order of the rows is the order of the locks.
-- Index: effect_pkey.
INSERT INTO collaborator.effect AS e (instance_id, effect, revision, command_id)
SELECT n.instance_id, n.effect, n.revision, n.command_id
FROM unnest(
    CAST(:instance_ids AS text[]), CAST(:effects AS text[]), CAST(:revisions AS integer[]), CAST(:command_ids AS text[])
) AS n (instance_id, effect, revision, command_id)
ORDER BY n.instance_id, n.effect
ON CONFLICT (instance_id, effect) DO UPDATE SET
    revision = excluded.revision,
    command_id = excluded.command_id
WHERE e.revision < excluded.revision
RETURNING command_id
