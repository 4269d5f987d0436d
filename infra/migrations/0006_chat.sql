-- What the chat searches and remembers. `medbot` looks for pgvector before it comes here.
CREATE EXTENSION IF NOT EXISTS vector;

-- Lines of documents, with the words that they are made of. The embedding is null where the worker had no
-- sentence encoder.
CREATE TABLE passages (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    document_id uuid NOT NULL,
    page integer NOT NULL,
    position integer NOT NULL,
    heading text NOT NULL,
    text text NOT NULL,
    words text[] NOT NULL,
    embedding vector(384),
    search tsvector NOT NULL,
    UNIQUE (document_id, position),
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX passages_of_tenant ON passages (tenant_id);

-- Passages of a clinic's own guidelines, and of the cards that medbot ships: those belong to the tenant
-- below, and every tenant reads them.
INSERT INTO tenants (id, name) VALUES ('00000000-0000-0000-0000-000000000000', 'shipped');
CREATE TABLE knowledge (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- Of the card or file that it is of.
    card text NOT NULL,
    position integer NOT NULL,
    title text NOT NULL,
    topic text NOT NULL,
    -- Where the card's author read it: document, section, date.
    source text NOT NULL,
    clinically_reviewed boolean NOT NULL,
    text text NOT NULL,
    embedding vector(384),
    search tsvector NOT NULL,
    -- Of the whole file: equal ones need not be embedded again.
    digest bytea NOT NULL,
    UNIQUE (tenant_id, card, position)
);

-- Conversations. What was asked and answered is sealed with the tenant's key, as it quotes documents.
CREATE TABLE chat_sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- The key of whoever asked; nobody else reads it.
    owner uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id)
);
CREATE INDEX chat_sessions_of_owner ON chat_sessions (tenant_id, owner, updated_at);

CREATE TABLE chat_turns (
    session_id uuid NOT NULL,
    position integer NOT NULL,
    tenant_id uuid NOT NULL REFERENCES tenants,
    sealed bytea NOT NULL,
    -- Documents that the answer quotes: a turn goes with any of them.
    documents uuid[] NOT NULL,
    -- Tokens that a model took and gave; null without one.
    prompt_tokens integer,
    completion_tokens integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, position),
    FOREIGN KEY (tenant_id, session_id) REFERENCES chat_sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX chat_turns_of_documents ON chat_turns USING gin (documents);

-- An erased document leaves no quotation behind.
CREATE FUNCTION medbot_forget_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM chat_turns WHERE documents @> ARRAY[OLD.id] AND tenant_id = OLD.tenant_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_turns AFTER DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION medbot_forget_turns();

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['passages', 'knowledge', 'chat_sessions', 'chat_turns'] LOOP
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
CREATE POLICY of_everybody ON knowledge FOR SELECT TO medbot_api
    USING (tenant_id = '00000000-0000-0000-0000-000000000000' AND medbot_tenant() IS NOT NULL);
