//! What a backup takes out of the database: every table as of one moment, by `COPY`.
//!
//! The tables come from the catalogue, so that none is forgotten, in an order in which they can be loaded
//! again. Statements are made from names of the catalogue and so are not checked when this is compiled.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bytes::Bytes;
use futures::TryStreamExt as _;
use schemas::{DocumentId, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Db, DbError, DbErrorKind};

/// What is in no backup: the migrator's own table, and sessions, whose people sign in anew.
const LEFT_OUT: [&str; 3] = ["_sqlx_migrations", "sessions", "sign_ins"];
/// No limits of time: a table may be large, and the store slow.
pub(super) const UNHURRIED: &str = "SET statement_timeout = 0; SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning";

/// A table as it is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The columns in the order of the copy.
    pub columns: Vec<String>,
}

/// Where a sequence stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// Its last value; none when nobody has asked it yet.
    pub last: Option<i64>,
}

impl Table {
    /// `"name" ("column", …)`.
    pub(super) fn with_columns(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| quoted(column)).collect();
        format!("{} ({})", quoted(&self.name), columns.join(", "))
    }
}

/// A name as SQL takes it, whatever it holds.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The database as it was at one moment, while it goes on.
pub struct Snapshot(PgConnection);

impl Db {
    /// Takes a snapshot, as the login that owns the tables.
    ///
    /// # Errors
    /// [`DbError`], also when the database was never migrated or the login sees only some rows.
    pub async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let mut session = self.owner().await?;
        session.execute(UNHURRIED).await?;
        // Better an error than a copy without the rows that a policy hides.
        session
            .execute("SET row_security = off; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        Ok(Snapshot(session))
    }
}

impl Snapshot {
    /// The last migration.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn schema(&mut self) -> Result<i64, DbError> {
        let last: Option<i64> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&mut self.0)
                .await?;
        last.ok_or_else(|| DbError::new(DbErrorKind::Refused, "it was never migrated"))
    }

    /// Every table, each after those that it refers to.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tables(&mut self) -> Result<Vec<Table>, DbError> {
        tables(&mut self.0).await
    }

    /// Every sequence. They know no snapshot: ask after the tables, and no number of theirs is given
    /// out again.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn sequences(&mut self) -> Result<Vec<Sequence>, DbError> {
        let rows = sqlx::query(
            "SELECT sequencename::text, last_value FROM pg_sequences
             WHERE schemaname = 'public' ORDER BY 1",
        )
        .fetch_all(&mut self.0)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Sequence {
                    name: row.try_get(0)?,
                    last: row.try_get(1)?,
                })
            })
            .collect()
    }

    /// The documents that have a key, which are those that can be read.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn keyed_documents(&mut self) -> Result<HashSet<(TenantId, DocumentId)>, DbError> {
        let sql = "SELECT tenant_id, document_id FROM document_keys WHERE wrapped IS NOT NULL";
        let keyed: Vec<(Uuid, Uuid)> = sqlx::query_as(sql).fetch_all(&mut self.0).await?;
        let keyed = keyed.into_iter();
        Ok(keyed.map(|(t, d)| (TenantId(t), DocumentId(d))).collect())
    }

    /// The documents that clients see.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn documents(&mut self) -> Result<Vec<(TenantId, DocumentId)>, DbError> {
        let documents: Vec<(Uuid, Uuid)> = sqlx::query_as("SELECT tenant_id, id FROM documents")
            .fetch_all(&mut self.0)
            .await?;
        let documents = documents.into_iter();
        Ok(documents
            .map(|(t, d)| (TenantId(t), DocumentId(d)))
            .collect())
    }

    /// Sends a table's rows in the text form of `COPY`, a line each; ends early when nobody listens.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn copy(&mut self, table: &Table, out: mpsc::Sender<Bytes>) -> Result<(), DbError> {
        let sql = format!("COPY {} TO STDOUT", table.with_columns());
        let mut rows = self.0.copy_out_raw(&sql).await?;
        while let Some(bytes) = rows.try_next().await? {
            if out.send(bytes).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Lets it go.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn close(self) -> Result<(), DbError> {
        Ok(self.0.close().await?)
    }
}

pub(super) async fn tables(session: &mut PgConnection) -> Result<Vec<Table>, DbError> {
    let rows = sqlx::query(
        "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         GROUP BY 1",
    )
    .fetch_all(&mut *session)
    .await?;
    let mut all = BTreeMap::new();
    for row in rows {
        let name: String = row.try_get(0)?;
        if !LEFT_OUT.contains(&name.as_str()) {
            all.insert(name, row.try_get(1)?);
        }
    }
    let arrows: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT f.relname::text, t.relname::text FROM pg_constraint k
         JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
         WHERE k.contype = 'f' AND k.conrelid <> k.confrelid",
    )
    .fetch_all(session)
    .await?;
    in_order(all, &arrows.into_iter().collect())
}

/// Tables in an order in which each comes after those that it refers to.
fn in_order(
    mut all: BTreeMap<String, Vec<String>>,
    arrows: &BTreeSet<(String, String)>,
) -> Result<Vec<Table>, DbError> {
    let mut ordered = Vec::new();
    while !all.is_empty() {
        let free = all.keys().find(|name| {
            let mut targets = arrows.iter().filter(|(from, _)| from == *name);
            targets.all(|(_, to)| !all.contains_key(to))
        });
        let Some(name) = free.cloned() else {
            let detail = "tables refer to one another in a circle and cannot be copied in order";
            return Err(DbError::new(DbErrorKind::Refused, detail));
        };
        let columns = all.remove(&name).unwrap_or_default();
        ordered.push(Table { name, columns });
    }
    Ok(ordered)
}

/// Rows of a table.
pub(super) async fn rows_of(session: &mut PgConnection, table: &str) -> Result<i64, DbError> {
    let sql = format!("SELECT count(*) FROM {}", quoted(table));
    Ok(sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(session)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let all = ["a", "b", "c"].map(|name| (name.to_owned(), vec!["id".to_owned()]));
        let arrow = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let arrows = [arrow("a", "c"), arrow("c", "b")];
        let ordered = in_order(all.clone().into(), &arrows.clone().into()).unwrap();
        let names: Vec<_> = ordered.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["b", "c", "a"]);
        let circle = [arrow("a", "c"), arrow("c", "a")];
        assert!(in_order(all.into(), &circle.into()).is_err());
    }

    #[test]
    fn names_are_quoted() {
        let table = Table {
            name: "a\"b".into(),
            columns: vec!["text".into(), "id".into()],
        };
        assert_eq!(table.with_columns(), "\"a\"\"b\" (\"text\", \"id\")");
    }
}
