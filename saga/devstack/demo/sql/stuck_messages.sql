-- Counts messages that wait for a person, here or at a collaborator.
SELECT
    (SELECT count(*) FROM saga.dead_letter WHERE state = 'open')
    + (SELECT count(*) FROM gateway.rejected) + (SELECT count(*) FROM fulfilment.rejected)
