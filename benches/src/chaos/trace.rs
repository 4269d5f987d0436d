//! What the database itself saw: triggers on the tables of the service write down every end, so that
//! an effect which happened twice is seen even when the rows look right afterwards.

use anyhow::Context as _;
use sqlx::{PgPool, Row as _};

const TRIGGERS: &str = "
CREATE TABLE chaos_trace (
    kind text NOT NULL, id text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE FUNCTION chaos_write(kind text, id text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    AS 'INSERT INTO chaos_trace (kind, id) VALUES ($1, $2)';

CREATE FUNCTION chaos_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'done' THEN PERFORM chaos_write('task done', NEW.id::text); END IF;
    IF NEW.state = 'running' THEN PERFORM chaos_write('claim', NEW.id::text); END IF;
    IF NEW.state = 'queued' THEN
        PERFORM chaos_write('retry: ' || coalesce(NEW.error ->> 'kind', '?'), NEW.id::text);
    END IF;
    IF OLD.state IN ('done', 'failed', 'cancelled') THEN
        PERFORM chaos_write('task resurrected', NEW.id::text);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos AFTER UPDATE OF state ON tasks FOR EACH ROW
    WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION chaos_task();

CREATE FUNCTION chaos_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state NOT IN ('queued', 'running') THEN
        PERFORM chaos_write('job end', NEW.id::text);
    END IF;
    IF OLD.state NOT IN ('queued', 'running') THEN
        PERFORM chaos_write('job resurrected', NEW.id::text);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos AFTER UPDATE OF state ON jobs FOR EACH ROW
    WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION chaos_job();

CREATE FUNCTION chaos_page() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'fused' THEN
        PERFORM chaos_write('page fused', NEW.job_id || '/' || NEW.page);
    END IF;
    IF OLD.state <> 'open' THEN
        PERFORM chaos_write('page resurrected', NEW.job_id || '/' || NEW.page);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos AFTER UPDATE OF state ON pages FOR EACH ROW
    WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION chaos_page();
";

/// Sets the triggers.
pub(super) async fn begin(pool: &PgPool) -> anyhow::Result<()> {
    sqlx::raw_sql(TRIGGERS)
        .execute(pool)
        .await
        .context("the triggers that watch")?;
    Ok(())
}

/// Effects that happened more than once, in words.
pub(super) async fn doubled(pool: &PgPool) -> anyhow::Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT kind, id, count(*) AS times FROM chaos_trace
         WHERE kind IN ('task done', 'job end', 'page fused') OR kind LIKE '%resurrected'
         GROUP BY kind, id HAVING count(*) > 1 OR kind LIKE '%resurrected'",
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (kind, id): (String, String) = (row.try_get("kind")?, row.try_get("id")?);
            let times: i64 = row.try_get("times")?;
            Ok(format!("{kind} {times} times: {id}"))
        })
        .collect()
}

/// How often each thing happened.
pub(super) async fn counts(pool: &PgPool) -> anyhow::Result<Vec<(String, i64)>> {
    let rows = sqlx::query("SELECT kind, count(*) AS times FROM chaos_trace GROUP BY kind")
        .fetch_all(pool)
        .await?;
    rows.into_iter()
        .map(|row| Ok((row.try_get("kind")?, row.try_get("times")?)))
        .collect()
}
