//! The pages of a job while its tasks settle: there once they are counted, closed once, and the steps that exist of one.

use schemas::{End, Known, Outcome, Problem};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::Locked;
use crate::db::{DbError, claim::step};

/// The rows of a document's pages, once it is decoded, and what it turned out to be.
pub(super) async fn count(
    session: &mut PgConnection,
    job: &mut Locked,
    total: u32,
    media_type: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO pages (job_id, page, tenant_id)
         SELECT $1, page, $2 FROM generate_series(0, $3 - 1) AS page ON CONFLICT DO NOTHING",
        job.id,
        job.tenant,
        total.cast_signed(),
    )
    .execute(&mut *session)
    .await?;
    sqlx::query!(
        "UPDATE documents SET media_type = $2 WHERE id = $1",
        job.document,
        media_type
    )
    .execute(session)
    .await?;
    job.pages.total = Some(total);
    Ok(())
}

/// Ends a page in this state; false when it had ended before.
pub(super) async fn close(
    session: &mut PgConnection,
    job: Uuid,
    page: u32,
    state: &str,
    pass: u8,
    error: Option<Problem>,
) -> Result<bool, DbError> {
    let closed = sqlx::query!(
        "UPDATE pages SET state = $3, pass = $4, error = $5
         WHERE job_id = $1 AND page = $2 AND state = 'open'",
        job,
        page.cast_signed(),
        state,
        i16::from(pass),
        error.map(Json) as _,
    )
    .execute(session)
    .await?;
    Ok(closed.rows_affected() == 1)
}

/// The steps of the whole document that exist, and those of a page.
pub(super) async fn steps_of(
    session: &mut PgConnection,
    job: Uuid,
    page: Option<u32>,
) -> Result<Vec<Known>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT stage, page, pass, state, outcome AS "outcome: Json<Outcome>"
           FROM tasks WHERE job_id = $1 AND (page IS NULL OR page = $2)"#,
        job,
        page.map(u32::cast_signed),
    )
    .fetch_all(session)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Known {
                step: step(&row.stage, row.page, row.pass)?,
                end: match (row.state.as_str(), row.outcome) {
                    ("done", Some(outcome)) => Some(End::Done(outcome.0)),
                    ("failed", _) => Some(End::Failed),
                    _ => None,
                },
            })
        })
        .collect()
}
