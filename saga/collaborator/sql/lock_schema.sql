-- Lets only one transaction at a time create the tables of a collaborator.
SELECT pg_advisory_xact_lock(hashtext('saga collaborator ' || CAST(:schema AS text)))
