-- The messages that a collaborator rejected and that name the instance, as JSON writes its id. Reads all rejected ones:
-- they are few.
UPDATE {schema}.rejected SET body = '', properties = '{{}}', reason = 'erased'
WHERE reason <> 'erased' AND EXISTS (
    SELECT FROM unnest(CAST(:written AS text[])) AS w (id)
    WHERE position(convert_to(w.id, 'UTF8') IN body) > 0 OR position(w.id IN CAST(properties AS text)) > 0
)
