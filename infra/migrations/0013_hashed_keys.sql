-- API keys are kept as Argon2id hashes and found by a part of them that says which key it is. A key that an earlier
-- program made, or still makes, is known by its SHA-256 until another takes its place.
ALTER TABLE api_keys
    -- The first characters of the key.
    ADD public_id text UNIQUE,
    -- As a PHC string, with parameters and salt.
    ADD hash text,
    ALTER digest DROP NOT NULL,
    ADD CHECK (digest IS NOT NULL OR (public_id IS NOT NULL AND hash IS NOT NULL));
GRANT SELECT (public_id), INSERT (public_id, hash) ON api_keys TO medbot_api;

-- The keys of which the presented one may be: whoever asks verifies the hash, where there is one.
CREATE FUNCTION medbot_key(presented_id text, presented_digest bytea)
    RETURNS TABLE (id uuid, tenant_id uuid, role text, hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT k.id, k.tenant_id, k.role, k.hash FROM api_keys k
        WHERE (k.public_id = presented_id OR k.digest = presented_digest) AND k.revoked_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > now());
    END;
REVOKE ALL ON FUNCTION medbot_key(text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION medbot_key(text, bytea) TO medbot_api;
