-- Keeps what a version of a process is, unless it is known. Digests of another form can't be compared: new ones replace
-- them.
-- Index: declaration_pkey.
INSERT INTO saga.declaration AS d (process, version, form, digests)
VALUES (:process, :version, :form, CAST(:digests AS jsonb))
ON CONFLICT (process, version) DO UPDATE SET form = excluded.form, digests = excluded.digests
WHERE d.form <> excluded.form
