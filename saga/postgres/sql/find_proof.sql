-- Whether the last transaction that used a slot is the one with this token. Waits for a transaction that is still open.
-- The statement has to write: only an insert waits for a slot whose first transaction is open, and once the write is on
-- the disk (and on the synchronous standbys), everything that it has seen is safe too.
-- Index: commit_proof_pkey.
INSERT INTO saga.commit_proof AS p (slot, token) VALUES (:slot, '00000000-0000-0000-0000-000000000000')
ON CONFLICT (slot) DO UPDATE SET token = p.token
RETURNING
    token = :token AS is_proved,
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
        true
    )
