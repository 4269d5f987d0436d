//! Conversations: who owns them, and their turns as sealed bytes.

use chrono::{DateTime, Utc};
use schemas::{ChatId, DocumentId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Caller, Db, DbError, connect::commit};

/// A conversation.
#[derive(Clone, Debug)]
pub struct Chat {
    /// Which.
    pub id: ChatId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its last turn was.
    pub updated_at: DateTime<Utc>,
    /// Its first turn, to be told from others; none when that was erased.
    pub first: Option<ChatTurn>,
}

/// A question with its answer.
#[derive(Clone, Debug)]
pub struct ChatTurn {
    /// Its place in the conversation, from 0.
    pub position: i32,
    /// What was asked and answered.
    pub sealed: Vec<u8>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// What a model took and gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Of what it was asked.
    pub prompt: u32,
    /// Of what it answered.
    pub completion: u32,
}

/// Conversations of one list.
const MOST: i64 = 100;

impl Db {
    /// Begins a conversation.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open_chat(&self, caller: &Caller) -> Result<ChatId, DbError> {
        let id = ChatId(Uuid::now_v7());
        let mut transaction = self.of_tenant(caller.tenant).await?;
        sqlx::query!(
            "INSERT INTO chat_sessions (id, tenant_id, owner) VALUES ($1, $2, $3)",
            id.0,
            caller.tenant.0,
            caller.id
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(id)
    }

    /// The caller's conversations, the last used first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn chats(&self, caller: &Caller) -> Result<Vec<Chat>, DbError> {
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let rows = sqlx::query!(
            r#"SELECT s.id, s.created_at, s.updated_at, t.position AS "position?", t.sealed AS "sealed?",
                   t.created_at AS "asked_at?"
               FROM chat_sessions s
               LEFT JOIN LATERAL (SELECT position, sealed, created_at FROM chat_turns
                   WHERE session_id = s.id ORDER BY position LIMIT 1) AS t ON true
               WHERE s.owner = $1 ORDER BY s.updated_at DESC LIMIT $2"#,
            caller.id,
            MOST,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let chats = rows.into_iter().map(|row| Chat {
            id: ChatId(row.id),
            created_at: row.created_at,
            updated_at: row.updated_at,
            first: row.position.zip(row.sealed).zip(row.asked_at).map(
                |((position, sealed), created_at)| ChatTurn {
                    position,
                    sealed,
                    created_at,
                },
            ),
        });
        Ok(chats.collect())
    }

    /// The turns of the caller's conversation; none when there is no such one.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn chat(
        &self,
        caller: &Caller,
        chat: ChatId,
    ) -> Result<Option<Vec<ChatTurn>>, DbError> {
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let there = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM chat_sessions WHERE id = $1 AND owner = $2) AS "there!""#,
            chat.0,
            caller.id
        )
        .fetch_one(&mut *transaction)
        .await?;
        if !there {
            return Ok(None);
        }
        let rows = sqlx::query!(
            "SELECT position, sealed, created_at FROM chat_turns WHERE session_id = $1 ORDER BY position",
            chat.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        let turns = rows.into_iter().map(|row| ChatTurn {
            position: row.position,
            sealed: row.sealed,
            created_at: row.created_at,
        });
        Ok(Some(turns.collect()))
    }

    /// Adds a turn to a conversation of a tenant, unless that was removed meanwhile; `seal` is told its place
    /// there. A turn about a document that was erased meanwhile is not kept.
    ///
    /// # Errors
    /// Those of `seal`, and [`DbError`].
    pub async fn keep_turn<E: From<DbError>>(
        &self,
        tenant: TenantId,
        chat: ChatId,
        seal: impl FnOnce(i32) -> Result<Vec<u8>, E>,
        documents: &[DocumentId],
        tokens: Option<TokenCounts>,
    ) -> Result<(), E> {
        let ids: Vec<Uuid> = documents.iter().map(|document| document.0).collect();
        let mut transaction = self.of_tenant(tenant).await?;
        let Some(position) = next_position(&mut transaction, chat, &ids).await? else {
            return Ok(());
        };
        let sealed = seal(position)?;
        let count = |tokens: u32| i32::try_from(tokens).unwrap_or(i32::MAX);
        let kept = sqlx::query!(
            "INSERT INTO chat_turns (session_id, position, tenant_id, sealed, documents, prompt_tokens,
                 completion_tokens)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            chat.0,
            position,
            tenant.0,
            sealed,
            &ids,
            tokens.map(|tokens| count(tokens.prompt)),
            tokens.map(|tokens| count(tokens.completion)),
        );
        kept.execute(&mut *transaction)
            .await
            .map_err(DbError::from)?;
        Ok(commit(transaction).await?)
    }

    /// Removes the caller's conversation. False when there is none.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn remove_chat(&self, caller: &Caller, chat: ChatId) -> Result<bool, DbError> {
        let mut transaction = self.of_tenant(caller.tenant).await?;
        let removed = sqlx::query!(
            "DELETE FROM chat_sessions WHERE id = $1 AND owner = $2",
            chat.0,
            caller.id
        )
        .execute(&mut *transaction)
        .await?;
        commit(transaction).await?;
        Ok(removed.rows_affected() > 0)
    }
}

/// The place of the next turn in a conversation, which is held; none when it was removed, or a document of the turn
/// erased.
async fn next_position(
    session: &mut PgConnection,
    chat: ChatId,
    documents: &[Uuid],
) -> Result<Option<i32>, DbError> {
    // Held, so that no erasure comes in between.
    let there = sqlx::query_scalar!(
        "SELECT id FROM documents WHERE id = ANY ($1) ORDER BY id FOR KEY SHARE",
        documents
    )
    .fetch_all(&mut *session)
    .await?;
    if there.len() < documents.len() {
        return Ok(None);
    }
    let touched = sqlx::query!(
        "UPDATE chat_sessions SET updated_at = now() WHERE id = $1",
        chat.0
    )
    .execute(&mut *session)
    .await?;
    if touched.rows_affected() == 0 {
        return Ok(None);
    }
    let position = sqlx::query_scalar!(
        r#"SELECT coalesce(max(position) + 1, 0) AS "position!" FROM chat_turns WHERE session_id = $1"#,
        chat.0
    )
    .fetch_one(session)
    .await?;
    Ok(Some(position))
}
