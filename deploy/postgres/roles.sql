-- The rights of each service in the database, as group roles that can't log in. Make logins for your services, with
-- passwords that only your secret store has, and grant each the groups it needs (docs/visibility.md has the table).
--
-- Run it as the owner of the schema saga, who must be allowed to create roles, after every `saga migrate`:
--
--   psql "$SAGA_DATABASE_URL" --set ON_ERROR_STOP=1 --file deploy/postgres/roles.sql
--
-- With more modules and collaborators than those of the order process, names separated by commas:
--
--   psql ... --command "SET saga.modules = 'invoices,stock'; SET saga.collaborators = 'bank'" --file ...
--
-- It is one transaction and can be repeated: it revokes all rights in the schema and grants them again. It briefly locks
-- the tables that have policies; if it can't within five seconds it gives up with nothing changed.
--
-- The model. Nothing here restricts the owner of the tables (who migrates), nor services that log in as the owner. For
-- all other roles a table's privileges say which statements are allowed, and policies say on which rows: by the module
-- whose log a row belongs to, and by whether it is public. Readers of other modules' logs have no right to any table:
-- they get views, which run with the owner's rights, hold no internal event, and are security barriers.
--
-- Roles belong to the whole cluster. If several databases share one, restrict who may connect to which.

BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(hashtext('saga roles'));

-- 1. The roles.

DO $$
DECLARE
    fixed CONSTANT text[] := '{saga_reader,saga_relay,saga_worker,saga_scheduler,saga_pruner,saga_auditor,saga_monitor,
        saga_viewer,saga_operator,saga_module,saga_collaborator}';
    modules CONSTANT text[] := '{orders,payments,scheduler,order-process}'
        || string_to_array(nullif(current_setting('saga.modules', true), ''), ',');
    collaborators CONSTANT text[] := '{gateway,fulfilment}'
        || string_to_array(nullif(current_setting('saga.collaborators', true), ''), ',');
    wanted text;
    name text;
BEGIN
    FOREACH name IN ARRAY modules || collaborators LOOP
        IF name !~ '^[a-z][a-z0-9_-]{0,44}$' THEN
            RAISE EXCEPTION '% is no name for a module or collaborator: lower-case letters, digits, _ and -, at most 45',
                quote_literal(name);
        END IF;
    END LOOP;
    FOR wanted IN
        SELECT unnest(fixed)
        UNION SELECT 'saga_module_' || m FROM unnest(modules) AS m
        UNION SELECT 'saga_collaborator_' || c FROM unnest(collaborators) AS c
        ORDER BY 1
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- made meanwhile from another database of this cluster
        END;
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA saga FROM %I', wanted);
        EXECUTE format('GRANT USAGE ON SCHEMA saga TO %I', wanted);
        IF wanted LIKE 'saga\_module\_%' THEN
            EXECUTE format('GRANT saga_module TO %I', wanted);
        ELSIF wanted LIKE 'saga\_collaborator\_%' THEN
            EXECUTE format('GRANT saga_collaborator TO %I', wanted);
        END IF;
    END LOOP;
END
$$;

-- 2. The statements that each role may use.

-- Reads other modules' logs: the public events, and how far each log goes.
GRANT SELECT ON saga.public_event, saga.public_module TO saga_reader;

-- Publishes entries of the logs, and keeps those that can't be sent as dead letters; it has its own cursors (see the
-- policies). It sees no more of the dead letters than it needs to keep each once.
GRANT SELECT ON saga.outgoing, saga.public_module TO saga_relay;
GRANT
    SELECT (consumer, fingerprint, kind, reason, attempts),
    INSERT (
        consumer, fingerprint, kind, reason, type, process_id, source, message_id, module, position, body, properties,
        attempts
    ),
    UPDATE (kind, reason, state, attempts, last_seen_at, closed_at)
    ON saga.dead_letter TO saga_relay;
GRANT SELECT, INSERT (consumer, module), UPDATE (watermark, updated_at) ON saga.cursor TO saga_relay;

-- Appends to the log of the module that its role saga_module_<name> names, and reads that log.
GRANT SELECT ON saga.event_log, saga.module, saga.stream_tombstone, saga.public_module TO saga_module;
GRANT
    INSERT (
        module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, target, data,
        metadata
    )
    ON saga.event_log TO saga_module;
GRANT INSERT (name), UPDATE (last_position, last_public_position) ON saga.module TO saga_module;

-- Reads the commands for the collaborator that its role saga_collaborator_<name> names, and keeps cursors of the logs.
GRANT SELECT ON saga.command, saga.public_module, saga.schema_version TO saga_collaborator;
GRANT SELECT, INSERT (consumer, module), UPDATE (watermark, updated_at) ON saga.cursor TO saga_collaborator;

-- Runs a process: the durable step, the relay, the log feed. A worker's login is also a member of
-- saga_module_<its process's module>, which lets it record its decisions.
GRANT saga_reader, saga_relay TO saga_worker;
GRANT SELECT ON saga.event_log, saga.module, saga.schema_version TO saga_worker;
GRANT SELECT, INSERT, DELETE, UPDATE (repeats) ON saga.inbox TO saga_worker;
GRANT
    SELECT, INSERT, DELETE,
    UPDATE (process_version, stream_version, outcome, settled, state, created_at, updated_at, revived)
    ON saga.instance TO saga_worker;
GRANT INSERT ON saga.timer TO saga_worker;
GRANT SELECT, INSERT, UPDATE ON saga.cursor TO saga_worker;
GRANT SELECT, INSERT, DELETE ON saga.cursor_advance TO saga_worker;
GRANT
    SELECT, INSERT, UPDATE (kind, reason, state, attempts, last_seen_at, closed_at)
    ON saga.dead_letter TO saga_worker;
GRANT SELECT ON saga.inbox_tombstone TO saga_worker;
GRANT
    SELECT, INSERT (process, version, form, digests), UPDATE (form, digests)
    ON saga.declaration TO saga_worker;
GRANT SELECT, DELETE ON saga.instance_tombstone TO saga_worker;

-- Counts what waits in each log, cursors, deadlines, dead letters and outcomes, for the metrics. It sees neither an id of
-- an instance nor anything that a message says.
GRANT SELECT (module, position, target, recorded_at) ON saga.outgoing TO saga_monitor;
GRANT SELECT ON saga.module, saga.cursor, saga.cursor_advance, saga.schema_version TO saga_monitor;
GRANT SELECT (process, name, due_at, fired_at) ON saga.timer TO saga_monitor;
GRANT SELECT (consumer, kind, state) ON saga.dead_letter TO saga_monitor;
GRANT SELECT (process, outcome) ON saga.instance TO saga_monitor;

-- Fires timers into the scheduler's log, and exports the metrics that come from the database.
GRANT saga_module_scheduler, saga_monitor TO saga_scheduler;
GRANT SELECT, UPDATE (fired_at) ON saga.timer TO saga_scheduler;
GRANT SELECT ON saga.schema_version TO saga_scheduler;

-- Every service writes heartbeats of its loops; its health check reads those of all services, and overdue deadlines.
GRANT
    SELECT, INSERT (service, host, pid, loop, reason, beat), DELETE, UPDATE (reason, beat)
    ON saga.service TO saga_worker, saga_scheduler, saga_collaborator;
GRANT SELECT (due_at, fired_at) ON saga.timer TO saga_worker, saga_collaborator;

-- A worker's metrics say which instances are stuck, so it sees whose deadlines are armed.
GRANT SELECT (process, process_id) ON saga.timer TO saga_worker;

-- Prunes what is old, and leaves tombstones. Locking a row needs the right to update some column of it.
GRANT SELECT ON ALL TABLES IN SCHEMA saga TO saga_pruner;
GRANT DELETE ON saga.inbox, saga.instance, saga.event_log, saga.timer, saga.dead_letter, saga.operation_item TO saga_pruner;
GRANT UPDATE (repeats) ON saga.inbox TO saga_pruner;
GRANT UPDATE (updated_at) ON saga.instance TO saga_pruner;
GRANT UPDATE (last_seen_at) ON saga.dead_letter TO saga_pruner;
GRANT INSERT ON saga.instance_tombstone, saga.inbox_tombstone, saga.stream_tombstone TO saga_pruner;
GRANT UPDATE (last_version) ON saga.stream_tombstone TO saga_pruner;
GRANT UPDATE (pruned_position) ON saga.module TO saga_pruner;

-- Proves commits, and finds out whether a commit whose answer was lost took effect.
GRANT SELECT, INSERT (slot, token), UPDATE (token, written_at), DELETE
    ON saga.commit_proof TO saga_module, saga_collaborator, saga_worker, saga_pruner;

-- Reads everything and changes nothing: for people, and for `saga lag`, `saga list`, `saga inspect`.
GRANT SELECT ON ALL TABLES IN SCHEMA saga TO saga_auditor;

-- Looks at the console.
GRANT saga_auditor TO saga_viewer;

-- Acts on dead letters, in the console or by commands: redrives, edits and discards them, and records that. An operator's
-- login is also a member of saga_module_<its process's module>, as a worker's. Nobody changes what was recorded.
GRANT saga_auditor, saga_worker TO saga_operator;
GRANT INSERT (actor, action, reason, ids, result) ON saga.operation TO saga_operator;
GRANT
    INSERT (operation_id, request, batch, per_second, halt_after, runner, leased_until),
    UPDATE (state, runner, leased_until, answers, note, ended_at)
    ON saga.operation_run TO saga_operator;
GRANT INSERT (operation_id, item, process, process_id, answer) ON saga.operation_item TO saga_operator;

-- 3. The rows that each role may use. Policies of one role add up; a row without a policy is invisible.

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'saga' AND policyname LIKE 'saga:%' LOOP
        EXECUTE format('DROP POLICY %I ON saga.%I', one.policyname, one.tablename);
    END LOOP;
END
$$;

CREATE POLICY "saga: a module reads its own log" ON saga.event_log FOR SELECT TO saga_module
    USING (module IN (SELECT saga.held_names('saga_module_')));
CREATE POLICY "saga: a module appends events to its own log" ON saga.event_log FOR INSERT TO saga_module
    WITH CHECK (target IS NULL AND module IN (SELECT saga.held_names('saga_module_')));
CREATE POLICY "saga: a process sends commands from its own log" ON saga.event_log FOR INSERT TO saga_worker
    WITH CHECK (target IS NOT NULL AND module IN (SELECT saga.held_names('saga_module_')));
CREATE POLICY "saga: a worker reads what is public" ON saga.event_log FOR SELECT TO saga_worker
    USING (visibility = 'public');
CREATE POLICY "saga: whoever audits or prunes reads all" ON saga.event_log FOR SELECT TO saga_auditor, saga_pruner
    USING (true);
CREATE POLICY "saga: a pruner prunes" ON saga.event_log FOR DELETE TO saga_pruner
    USING (true);

CREATE POLICY "saga: positions are no secret" ON saga.module FOR SELECT
    TO saga_module, saga_worker, saga_auditor, saga_pruner, saga_monitor
    USING (true);
CREATE POLICY "saga: a module creates its own row" ON saga.module FOR INSERT TO saga_module
    WITH CHECK (name IN (SELECT saga.held_names('saga_module_')));
CREATE POLICY "saga: a module moves its own row" ON saga.module FOR UPDATE TO saga_module
    USING (name IN (SELECT saga.held_names('saga_module_')));
CREATE POLICY "saga: a pruner says how far it pruned" ON saga.module FOR UPDATE TO saga_pruner
    USING (true);

CREATE POLICY "saga: the relay has its cursors" ON saga.cursor TO saga_relay
    USING (consumer = 'relay');
CREATE POLICY "saga: processes have theirs" ON saga.cursor TO saga_worker
    USING (consumer <> 'relay');
CREATE POLICY "saga: a collaborator has its own" ON saga.cursor TO saga_collaborator
    USING (consumer IN (SELECT saga.held_names('saga_collaborator_')));
CREATE POLICY "saga: whoever audits, prunes or monitors reads all" ON saga.cursor FOR SELECT
    TO saga_auditor, saga_pruner, saga_monitor
    USING (true);

CREATE POLICY "saga: each login has its own" ON saga.commit_proof
    TO saga_module, saga_collaborator, saga_worker, saga_pruner
    USING (login = current_user);

CREATE POLICY "saga: a module knows its own streams" ON saga.stream_tombstone FOR SELECT TO saga_module
    USING (module IN (SELECT saga.held_names('saga_module_')));
CREATE POLICY "saga: whoever audits reads all" ON saga.stream_tombstone FOR SELECT TO saga_auditor
    USING (true);
CREATE POLICY "saga: a pruner leaves them" ON saga.stream_tombstone TO saga_pruner
    USING (true);

COMMIT;
