-- API keys have names and may expire. An administrator lists, gives and revokes the keys of the tenant; their
-- digests go in and never come out.

ALTER TABLE api_keys ADD name text, ADD expires_at timestamptz;

CREATE POLICY of_tenant ON api_keys TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT (id, tenant_id, role, name, created_at, expires_at, revoked_at),
    INSERT (id, tenant_id, digest, role, name, expires_at),
    UPDATE (expires_at, revoked_at) ON api_keys TO medbot_api;

CREATE OR REPLACE FUNCTION medbot_authenticate(presented bytea)
    RETURNS TABLE (id uuid, tenant_id uuid, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT k.id, k.tenant_id, k.role FROM api_keys k
        WHERE k.digest = presented AND k.revoked_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > now());
    END;

CREATE OR REPLACE FUNCTION medbot_resume(presented bytea, idle_seconds double precision)
    RETURNS TABLE (id uuid, tenant_id uuid, role text, ends_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        UPDATE sessions s SET idle_until = now() + make_interval(secs => idle_seconds)
        WHERE s.digest = presented AND s.idle_until > now()
          AND s.idle_until < now() + make_interval(secs => idle_seconds - 60);
        SELECT k.id, k.tenant_id, k.role, s.ends_at
        FROM sessions s JOIN api_keys k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
        WHERE s.digest = presented AND s.idle_until > now() AND s.ends_at > now()
          AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
    END;
