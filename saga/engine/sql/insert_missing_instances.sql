-- Creates the instances that do not exist yet, in id order: FOR UPDATE can't lock rows that do not exist.
-- Index: instance_pkey.
INSERT INTO saga.instance (process, process_id, process_version)
SELECT :process, i.process_id, :process_version
FROM unnest(CAST(:process_ids AS text[])) AS i (process_id)
ORDER BY i.process_id
ON CONFLICT DO NOTHING
