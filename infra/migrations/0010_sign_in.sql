-- Signing in by an identity provider. Who does so has no key: the session itself names the person and the role that
-- the provider gave them.

ALTER TABLE sessions
    ALTER key_id DROP NOT NULL,
    ADD person_id uuid,
    ADD role text CHECK (role IN ('uploader', 'reviewer', 'analyst', 'admin')),
    ADD CHECK (num_nonnulls(key_id, person_id) = 1),
    ADD CHECK (num_nonnulls(person_id, role) <> 1);
CREATE INDEX sessions_of_person ON sessions (person_id);

CREATE OR REPLACE FUNCTION medbot_resume(presented bytea, idle_seconds double precision)
    RETURNS TABLE (id uuid, tenant_id uuid, role text, ends_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        UPDATE sessions s SET idle_until = now() + make_interval(secs => idle_seconds)
        WHERE s.digest = presented AND s.idle_until > now()
          AND s.idle_until < now() + make_interval(secs => idle_seconds - 60);
        SELECT coalesce(s.person_id, k.id), s.tenant_id, coalesce(s.role, k.role), s.ends_at
        FROM sessions s LEFT JOIN api_keys k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
          AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
        WHERE s.digest = presented AND s.idle_until > now() AND s.ends_at > now()
          AND (s.person_id IS NOT NULL OR k.id IS NOT NULL);
    END;

-- Sign-ins that were begun and did not come to their end. Nobody is known yet, so they are of no tenant.
CREATE TABLE sign_ins (
    -- SHA-256 of the token in the cookie, which has 256 random bits.
    digest bytea PRIMARY KEY,
    good_until timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON sign_ins TO medbot_api, medbot_worker;
