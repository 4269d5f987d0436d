-- Sessions of people who signed in on the page. A session acts as the API key that it was opened with and
-- ends with it. Who signs in by other means later is one more way to open such a row.

-- What refers to a key holds the tenant too.
ALTER TABLE api_keys ADD UNIQUE (tenant_id, id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    key_id uuid NOT NULL,
    -- SHA-256 of the token in the cookie, which has 256 random bits.
    digest bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- It ends then unless it is used before.
    idle_until timestamptz NOT NULL,
    -- It ends then however much it is used.
    ends_at timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, key_id) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_of_key ON sessions (key_id);

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON sessions TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO medbot_api;

-- As keys, sessions are looked up before the tenant is known. A use is written down once a minute.
CREATE FUNCTION medbot_resume(presented bytea, idle_seconds double precision)
    RETURNS TABLE (id uuid, tenant_id uuid, role text, ends_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        UPDATE sessions s SET idle_until = now() + make_interval(secs => idle_seconds)
        WHERE s.digest = presented AND s.idle_until > now()
          AND s.idle_until < now() + make_interval(secs => idle_seconds - 60);
        SELECT k.id, k.tenant_id, k.role, s.ends_at
        FROM sessions s JOIN api_keys k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
        WHERE s.digest = presented AND s.idle_until > now() AND s.ends_at > now()
          AND k.revoked_at IS NULL;
    END;
REVOKE ALL ON FUNCTION medbot_resume(bytea, double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION medbot_resume(bytea, double precision) TO medbot_api;
