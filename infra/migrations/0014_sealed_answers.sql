-- A kept answer names files, which may be called after their patients: it is sealed with a key of the tenant's, and
-- goes with each document that it names. Where `sealed` stands, `response` is an empty object, so that an earlier
-- program takes the key for answered.
ALTER TABLE idempotency_keys
    ADD COLUMN sealed bytea,
    ADD COLUMN documents uuid[] NOT NULL DEFAULT '{}';
UPDATE idempotency_keys SET documents = ARRAY(
        SELECT (job ->> 'document_id')::uuid FROM jsonb_array_elements(response -> 'body' -> 'jobs') AS job)
    WHERE jsonb_typeof(response -> 'body' -> 'jobs') = 'array';
CREATE INDEX idempotency_keys_of_documents ON idempotency_keys USING gin (documents);

CREATE FUNCTION medbot_forget_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM idempotency_keys WHERE documents @> ARRAY[OLD.id] AND tenant_id = OLD.tenant_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_answers AFTER DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION medbot_forget_answers();

-- Files that were refused: no document takes them along when it is erased, so their names go by themselves.
CREATE INDEX batch_items_refused ON batch_items (batch_id) WHERE job_id IS NULL;
