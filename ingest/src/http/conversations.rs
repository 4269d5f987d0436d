//! `/v1/chat/sessions`: the conversations that questions belong to. A turn is sealed for its conversation, and says
//! its own place there: one that was moved or repeated opens nowhere else. Nobody reads those of another key.
//!
//! Limit: who can write the database can take turns away, as an erasure does.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use infra::{
    audit::Extent,
    db::{self, Caller, ChatTurn, TokenCounts},
    store::MasterKey,
};
use schemas::{ChatId, DocumentId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    extract::PathId,
    problem::{ApiError, Errors},
};
use crate::chat::Answer;

/// A turn as it is shown.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Turn {
    /// What was asked.
    pub(super) question: String,
    /// What was answered.
    pub(super) answer: Answer,
}

/// A turn as it is sealed for its conversation.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Its place there; none in what an earlier program sealed.
    position: Option<i32>,
    #[serde(flatten)]
    turn: Turn,
}

/// A conversation in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatSession {
    id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Its first question; null when that went with an erased document.
    title: Option<String>,
}

/// Conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatSessions {
    /// The last used first, at most 100.
    sessions: Vec<ChatSession>,
}

/// A conversation with its turns.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatHistory {
    id: Uuid,
    /// The oldest first.
    turns: Vec<Turn>,
}

/// Adds a turn to a conversation.
pub(super) async fn keep(
    api: &Api,
    caller: &Caller,
    chat: ChatId,
    turn: Turn,
    documents: &[DocumentId],
    tokens: Option<TokenCounts>,
) -> Result<(), ApiError> {
    let seal = |position| sealed(&api.master, caller.tenant, chat, position, turn);
    api.db
        .keep_turn(caller.tenant, chat, seal, documents, tokens)
        .await
}

/// The turns of a conversation of the caller, the oldest first.
pub(super) async fn turns(api: &Api, caller: &Caller, chat: ChatId) -> Result<Vec<Turn>, ApiError> {
    let turns = api.db.chat(caller, chat).await?;
    let turns = turns.ok_or(ApiError::NotFound)?;
    let turns = turns.iter();
    turns
        .map(|turn| opened(&api.master, caller.tenant, chat, turn))
        .collect()
}

fn sealed(
    master: &MasterKey,
    tenant: TenantId,
    chat: ChatId,
    position: i32,
    turn: Turn,
) -> Result<Vec<u8>, ApiError> {
    let sealed = Sealed {
        position: Some(position),
        turn,
    };
    let plain = serde_json::to_vec(&sealed).map_err(|_| ApiError::Internal)?;
    Ok(master.seal(db::CHAT, tenant, chat.0.as_bytes(), &plain)?)
}

fn opened(
    master: &MasterKey,
    tenant: TenantId,
    chat: ChatId,
    turn: &ChatTurn,
) -> Result<Turn, ApiError> {
    let plain = master.open(db::CHAT, tenant, chat.0.as_bytes(), &turn.sealed)?;
    let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| ApiError::Internal)?;
    if sealed.position.is_some_and(|place| place != turn.position) {
        tracing::error!(chat = %chat.0, position = turn.position, "a turn was sealed for another place");
        return Err(ApiError::Internal);
    }
    Ok(sealed.turn)
}

/// The caller's conversations.
#[utoipa::path(
    get,
    path = "/v1/chat/sessions",
    tag = "chat",
    responses((status = 200, description = "Conversations", body = ChatSessions), Errors)
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
) -> Result<Json<ChatSessions>, ApiError> {
    let caller = known.reader(&api).await?;
    let chats = api.db.chats(&caller).await?;
    known.was_given(Extent::rows(chats.len()));
    let sessions = chats
        .into_iter()
        .map(|chat| {
            let first = chat
                .first
                .map(|turn| opened(&api.master, caller.tenant, chat.id, &turn));
            Ok(ChatSession {
                id: chat.id.0,
                created_at: chat.created_at,
                updated_at: chat.updated_at,
                title: first.transpose()?.map(|turn| turn.question),
            })
        })
        .collect::<Result<_, ApiError>>()?;
    Ok(Json(ChatSessions { sessions }))
}

/// A conversation of the caller.
#[utoipa::path(
    get,
    path = "/v1/chat/sessions/{id}",
    tag = "chat",
    params(("id" = String, Path, description = "Conversation")),
    responses(
        (status = 200, description = "Its turns", body = ChatHistory),
        (status = 404, description = "There is no such conversation", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<ChatId>,
) -> Result<Json<ChatHistory>, ApiError> {
    let caller = known.reader(&api).await?;
    let turns = turns(&api, &caller, id).await?;
    Ok(Json(ChatHistory { id: id.0, turns }))
}

/// Removes a conversation of the caller.
#[utoipa::path(
    delete,
    path = "/v1/chat/sessions/{id}",
    tag = "chat",
    params(("id" = String, Path, description = "Conversation")),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "There is no such conversation", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<ChatId>,
) -> Result<StatusCode, ApiError> {
    let caller = known.reader(&api).await?;
    if api.db.remove_chat(&caller, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{Kind, Outcome};

    fn answer() -> Answer {
        Answer {
            kind: Kind::Other,
            outcome: Outcome::NotFound,
            sentences: Vec::new(),
            model: None,
        }
    }

    #[test]
    fn a_turn_opens_in_its_own_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let master = MasterKey::generate(&folder.path().join("master.key")).unwrap();
        let (tenant, chat) = (TenantId::DEFAULT, ChatId(Uuid::from_u128(1)));
        let turn = |question: &str| Turn {
            question: question.to_owned(),
            answer: answer(),
        };
        let at = |position, sealed: &[u8]| ChatTurn {
            position,
            sealed: sealed.to_vec(),
            created_at: Utc::now(),
        };
        let questions = ["how much?", "and how often?"];
        let kept: Vec<Vec<u8>> = (0..)
            .zip(questions)
            .map(|(position, asked)| sealed(&master, tenant, chat, position, turn(asked)).unwrap())
            .collect();
        let open = |chat, row: &ChatTurn| opened(&master, tenant, chat, row).ok();
        for (position, asked) in (0..).zip(questions) {
            let own = open(chat, &at(position, &kept[position as usize]));
            assert_eq!(own, Some(turn(asked)));
        }
        for (case, position, of) in [
            ("swapped, the first", 0, 1),
            ("swapped, the second", 1, 0),
            ("repeated at the end", 2, 1),
        ] {
            assert_eq!(open(chat, &at(position, &kept[of])), None, "{case}");
        }
        let other = ChatId(Uuid::from_u128(2));
        assert_eq!(
            open(other, &at(0, &kept[0])),
            None,
            "of another conversation"
        );

        // What an earlier program sealed says no place; and an earlier program reads what this one does.
        let plain = json!({"question": "before?", "answer": answer()}).to_string();
        let before = master.seal(db::CHAT, tenant, chat.0.as_bytes(), plain.as_bytes());
        let before = before.unwrap();
        assert_eq!(open(chat, &at(3, &before)), Some(turn("before?")));
        let plain = master
            .open(db::CHAT, tenant, chat.0.as_bytes(), &kept[0])
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<Turn>(&plain).unwrap(),
            turn("how much?")
        );
    }
}
