-- Writes the results of commands whose rows this transaction has locked.
-- Index: command_pkey.
UPDATE gateway.command AS c SET result = n.result
FROM unnest(CAST(:command_ids AS text[]), CAST(:results AS text[])) AS n (command_id, result)
WHERE c.command_id = n.command_id
