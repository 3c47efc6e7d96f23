-- New contents for commands that a collaborator has.
-- Index: command_pkey.
UPDATE {schema}.command AS c SET body = n.body, metadata = c.metadata - 'correlationid' - 'traceparent'
FROM jsonb_to_recordset(CAST(:commands AS jsonb)) AS n (command_id text, body jsonb)
WHERE c.command_id = n.command_id
  AND (c.body <> n.body OR c.metadata ?| '{{correlationid,traceparent}}')
