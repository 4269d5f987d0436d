-- The service's tables. Every row has its tenant; row-level security shows a session of the API only
-- the rows of the tenant that its transaction names. Workers serve all tenants.

-- Roles belong to the whole cluster, and no lock reaches over two databases that are migrated at once:
-- whoever comes second finds the work done.
DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['medbot_api', 'medbot_worker', 'medbot_analyst'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = named) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', named);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
    FOREACH named IN ARRAY ARRAY['medbot_api', 'medbot_worker'] LOOP
        BEGIN
            EXECUTE format('GRANT %I TO %I', named, current_user);
        -- Somebody else made the roles and let this login take them, or does so at this moment.
        EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN
            IF NOT pg_has_role(named, 'MEMBER') THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END
$$;

-- The tenant that the transaction speaks for; null, and so no row, when it names none.
CREATE FUNCTION medbot_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('medbot.tenant', true), '')::uuid;

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenants (id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'default');

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- SHA-256 of the key, which has 256 random bits.
    digest bytea NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('uploader', 'reviewer', 'analyst', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- Foreign keys hold the tenant too: row-level security does not look at them, and a row must not hang
-- on another tenant's.

-- Data keys of documents, wrapped by the master key. Without its row a document cannot be read.
CREATE TABLE document_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    document_id uuid NOT NULL,
    -- Null once the document was erased: nothing can be sealed for it any more, by no late worker.
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, document_id)
);

CREATE TABLE documents (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    file text NOT NULL,
    -- HMAC of the content's SHA-256 under the tenant's key; null when doubles are wanted.
    digest bytea,
    bytes bigint NOT NULL,
    media_type text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, digest),
    UNIQUE (tenant_id, id)
);

-- Uploads under way: objects that may lie in the store and that no document refers to yet. The row is
-- there before the object, and goes in the transaction that makes the document.
CREATE TABLE uploads (
    document_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- When the upload last said that it goes on.
    seen_at timestamptz NOT NULL DEFAULT now(),
    -- When it was given up for lost: it can become no document any more.
    given_up_at timestamptz
);

CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    url text NOT NULL,
    -- Sealed with the tenant's key.
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    UNIQUE (tenant_id, id)
);

CREATE TABLE batches (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- As in `jobs`.
    webhook_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When its last file was added.
    closed_at timestamptz,
    -- When it was closed and none of its jobs was open, for the first time.
    finished_at timestamptz,
    UNIQUE (tenant_id, id)
);

CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    document_id uuid NOT NULL,
    -- No foreign key: removing a webhook would lock and rewrite every job that ever named it.
    webhook_id uuid,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'succeeded', 'needs_review', 'failed', 'cancelled')),
    -- 0 urgent, 1 normal.
    priority smallint NOT NULL DEFAULT 1,
    engines text[] NOT NULL,
    page_count integer,
    pages_fused integer NOT NULL DEFAULT 0,
    pages_failed integer NOT NULL DEFAULT 0,
    -- Grows with every change that a client can see.
    version bigint NOT NULL DEFAULT 1,
    error jsonb,
    traceparent text,
    -- The clock and not the transaction's begin: of two jobs of a document the later is the later.
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX jobs_of_document ON jobs (document_id, created_at);
CREATE INDEX jobs_of_tenant ON jobs (tenant_id, created_at, id);

-- Webhooks that later uploads of the same bytes named. No foreign key to them, as in `jobs`.
CREATE TABLE job_webhooks (
    job_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    tenant_id uuid NOT NULL REFERENCES tenants,
    PRIMARY KEY (job_id, webhook_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);

-- What a batch was made of: a job, or the reason why there is none.
CREATE TABLE batch_items (
    batch_id uuid NOT NULL,
    position integer NOT NULL,
    tenant_id uuid NOT NULL REFERENCES tenants,
    file text NOT NULL,
    job_id uuid,
    duplicate boolean NOT NULL DEFAULT false,
    error jsonb,
    PRIMARY KEY (batch_id, position),
    CHECK ((job_id IS NULL) <> (error IS NULL)),
    FOREIGN KEY (tenant_id, batch_id) REFERENCES batches (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX batch_items_of_job ON batch_items (job_id);

CREATE TABLE pages (
    job_id uuid NOT NULL,
    page integer NOT NULL,
    tenant_id uuid NOT NULL REFERENCES tenants,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'fused', 'failed')),
    -- The pass whose fused page counts.
    pass smallint NOT NULL DEFAULT 1,
    error jsonb,
    PRIMARY KEY (job_id, page),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);

-- Fencing tokens. Not the attempts of a task: those begin anew when it is replayed, and somebody who
-- was given up for lost may still come back then.
CREATE SEQUENCE fences;

-- Truth and outbox in one.
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    job_id uuid NOT NULL,
    stage text NOT NULL,
    page integer,
    pass smallint NOT NULL DEFAULT 1,
    priority smallint NOT NULL,
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 0,
    -- The token of whoever claimed it last.
    fence bigint NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    published_at timestamptz,
    outcome jsonb,
    error jsonb,
    -- Of the last attempt.
    duration_ms real,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (job_id, page, pass, stage),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX tasks_due ON tasks (tenant_id, stage, priority, run_at, id)
    WHERE state = 'queued' AND published_at IS NULL;
CREATE INDEX tasks_standing ON tasks (tenant_id, stage, priority)
    WHERE state = 'queued' AND published_at IS NOT NULL;
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE state = 'running';
CREATE INDEX tasks_dead ON tasks (updated_at) WHERE state = 'failed';
-- Rows change state several times; room on the page keeps the updates out of the indexes.
ALTER TABLE tasks SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE jobs SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    key text NOT NULL,
    -- Of the request that used it first.
    fingerprint bytea NOT NULL,
    -- Null while that request is under way.
    response jsonb,
    -- Who works on it, and until when without a further sign of life.
    holder uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);

CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    webhook_id uuid NOT NULL,
    body jsonb NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (run_at) WHERE state = 'waiting';

-- What an entity's codes are searched by: the code alone, and `system|code`.
CREATE FUNCTION medbot_codes(entity jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce((
        SELECT array_agg(DISTINCT k.key)
        FROM jsonb_array_elements(entity -> 'codes') AS c,
             LATERAL (VALUES (c ->> 'code'), ((c ->> 'system') || '|' || (c ->> 'code'))) AS k (key)
    ), '{}');

CREATE TABLE entities (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    document_id uuid NOT NULL,
    job_id uuid NOT NULL,
    patient_id uuid,
    -- `e{n}` of the document result.
    local_id text NOT NULL,
    type text NOT NULL,
    -- What the type is searched by: a drug, an analyte, a diagnosis.
    name text,
    iso date,
    page integer,
    assertion text NOT NULL,
    confidence real NOT NULL,
    needs_review boolean NOT NULL,
    codes text[] NOT NULL,
    -- The whole entity as in the document result, or as a person made it.
    entity jsonb NOT NULL,
    -- As it was extracted, where a person's word stands in its place.
    extracted jsonb,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX entities_in_order ON entities (tenant_id, created_at, id);
CREATE INDEX entities_by_type ON entities (tenant_id, type, created_at, id);
CREATE INDEX entities_by_code ON entities USING gin (codes);
CREATE INDEX entities_by_name ON entities (tenant_id, lower(name)) WHERE name IS NOT NULL;
CREATE INDEX entities_of_document ON entities (document_id);
CREATE INDEX entities_of_job ON entities (job_id);

-- What people said of entities: never changed, never removed but with the document.
CREATE TABLE reviews (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    entity_id uuid NOT NULL,
    document_id uuid NOT NULL,
    decision text NOT NULL CHECK (decision IN ('accepted', 'corrected')),
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason text,
    reviewer uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX reviews_of_entity ON reviews (entity_id, created_at);
CREATE INDEX reviews_of_document ON reviews (document_id);

-- Logins of people who read a tenant's rows in PostgreSQL itself.
CREATE TABLE analysts (
    login name PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY[
        'document_keys', 'documents', 'uploads', 'webhooks', 'batches', 'jobs', 'job_webhooks', 'batch_items',
        'pages', 'tasks', 'idempotency_keys', 'webhook_deliveries', 'entities', 'reviews'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format(
            'CREATE POLICY of_tenant ON %I TO medbot_api
             USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant())', named);
        EXECUTE format(
            'CREATE POLICY of_all ON %I TO medbot_worker USING (true) WITH CHECK (true)', named);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO medbot_api, medbot_worker', named);
    END LOOP;
END
$$;
REVOKE UPDATE, DELETE ON reviews FROM medbot_api, medbot_worker;
GRANT USAGE ON SEQUENCE fences TO medbot_worker;

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON tenants FOR SELECT TO medbot_api USING (id = medbot_tenant());
CREATE POLICY of_all ON tenants FOR SELECT TO medbot_worker USING (true);
GRANT SELECT ON tenants TO medbot_api, medbot_worker;

-- Keys are looked up before the tenant is known, so through one function and not the table.
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION medbot_authenticate(presented bytea)
    RETURNS TABLE (id uuid, tenant_id uuid, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT k.id, k.tenant_id, k.role FROM api_keys k
        WHERE k.digest = presented AND k.revoked_at IS NULL;
    END;
REVOKE ALL ON FUNCTION medbot_authenticate(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION medbot_authenticate(bytea) TO medbot_api;

ALTER TABLE analysts ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION medbot_analyst_tenant() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT a.tenant_id FROM analysts a WHERE a.login = session_user;
    END;
CREATE POLICY of_login ON entities FOR SELECT TO medbot_analyst
    USING (tenant_id = medbot_analyst_tenant());
GRANT SELECT ON entities TO medbot_analyst;

-- Views for analysts: present facts, a column an attribute. `security_invoker` keeps the policies on.
CREATE VIEW medications WITH (security_invoker = true) AS
SELECT id, document_id, patient_id, page, entity ->> 'name' AS name, entity ->> 'strength' AS strength,
       entity ->> 'form' AS form, entity ->> 'dose' AS dose, entity ->> 'route' AS route,
       entity ->> 'frequency' AS frequency, entity ->> 'duration' AS duration,
       entity ->> 'quantity' AS quantity, entity ->> 'refills' AS refills,
       (entity ->> 'prn')::boolean AS prn, entity ->> 'status' AS status,
       codes, confidence, needs_review, created_at
FROM entities WHERE type = 'medication' AND assertion = 'present';

CREATE VIEW labs WITH (security_invoker = true) AS
SELECT id, document_id, patient_id, page, entity ->> 'name' AS name, entity ->> 'value' AS value,
       entity ->> 'unit' AS unit, entity ->> 'range' AS range, entity ->> 'flag' AS flag,
       entity ->> 'date' AS date, codes, confidence, needs_review, created_at
FROM entities WHERE type = 'lab' AND assertion = 'present';

CREATE VIEW diagnoses WITH (security_invoker = true) AS
SELECT id, document_id, patient_id, page, entity ->> 'text' AS text, entity ->> 'code' AS code,
       assertion, codes, confidence, needs_review, created_at
FROM entities WHERE type = 'diagnosis';

CREATE VIEW allergies WITH (security_invoker = true) AS
SELECT id, document_id, patient_id, page, entity ->> 'substance' AS substance,
       entity ->> 'reaction' AS reaction, assertion, codes, confidence, needs_review, created_at
FROM entities WHERE type = 'allergy';

CREATE VIEW vitals WITH (security_invoker = true) AS
SELECT id, document_id, patient_id, page, entity ->> 'name' AS name, entity ->> 'value' AS value,
       entity ->> 'unit' AS unit, entity ->> 'date' AS date, confidence, needs_review, created_at
FROM entities WHERE type = 'vital' AND assertion = 'present';

CREATE VIEW dates WITH (security_invoker = true) AS
SELECT id, document_id, patient_id, page, entity ->> 'text' AS text, iso, entity ->> 'role' AS role,
       confidence, needs_review, created_at
FROM entities WHERE type = 'date';

GRANT SELECT ON medications, labs, diagnoses, allergies, vitals, dates TO medbot_analyst;

-- A worker looks here whether the database is as new as its program. The table is the migrator's, and
-- is not there when queries are recorded.
DO $$
BEGIN
    IF to_regclass('_sqlx_migrations') IS NOT NULL THEN
        GRANT SELECT ON _sqlx_migrations TO medbot_worker;
    END IF;
END
$$;
