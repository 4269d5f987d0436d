//! `/v1/chat`: questions about documents and medicine, answered as JSON or as a stream of sentences.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{Extensions, HeaderMap, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use chrono::Utc;
use futures::stream;
use infra::{
    audit::{Actor, Extent, Occurrence},
    db::{Caller, DbError, Role},
    llm::LlmError,
    search::Scope,
};
use schemas::{ChatId, DocumentId, TenantId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    audit::Left,
    auth::Visitor,
    conversations::{self, Turn},
    extract::JsonBody,
    peer,
    problem::{ApiError, Errors},
};
use crate::chat::{Among, Answer, Call, CallLog, Question, Sentence, Source, Told};

/// Longest question in characters.
const LONGEST: usize = 2000;

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatRequest {
    /// In a person's words, at most 2,000 characters.
    question: String,
    /// The conversation that it goes on; a new one without it.
    session: Option<Uuid>,
    /// Only about this document.
    document: Option<Uuid>,
    /// Only about the documents of this patient.
    patient: Option<Uuid>,
    /// Where an answer may come from; `both` by default, documents first.
    among: Option<Among>,
}

/// An answer in its conversation.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct ChatAnswer {
    /// The conversation; null for a guest, of whom nothing is kept.
    session: Option<Uuid>,
    #[serde(flatten)]
    answer: Answer,
    /// Tokens that a model took and gave, also where nothing of its words stood; null where none was asked.
    tokens: Option<Tokens>,
}

/// What a model took and gave.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct Tokens {
    prompt: u32,
    completion: u32,
}

/// Who asks: somebody who is known, or a guest.
enum Asking {
    Known(Caller),
    Guest,
}

/// Asks a question. JSON, or with `Accept: text/event-stream` events: `sentence` for each sentence as it
/// stands, then `answer` with all of it, or `problem`. Who ends the connection ends the answer. Where the
/// site lets guests ask, they ask the knowledge base, and nothing of it is kept.
#[utoipa::path(
    post,
    path = "/v1/chat",
    tag = "chat",
    request_body = ChatRequest,
    responses(
        (status = 200, description = "The answer", content((ChatAnswer = "application/json"), (String = "text/event-stream"))),
        (status = 404, description = "There is no such document, patient or conversation", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "The body does not fit its schema", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn ask(
    State(api): State<Api>,
    visitor: Visitor,
    extensions: Extensions,
    headers: HeaderMap,
    body: Result<JsonBody<ChatRequest>, ApiError>,
) -> Result<Response, ApiError> {
    let address = peer::address(&extensions, &headers, &api.trusted_proxies);
    let (asking, known) = match visitor {
        Visitor::Known(known) => (Asking::Known(known.reader(&api).await?), Some(known)),
        Visitor::Guest => (Asking::Guest, None),
    };
    let JsonBody(body) = body?;
    if let Some(known) = known {
        known.was_given(Extent {
            document: body.document,
            patient: body.patient,
            ..Extent::default()
        });
    }
    let length = body.question.chars().count();
    if body.question.trim().is_empty() || length > LONGEST {
        return Err(ApiError::unprocessable(
            "invalid-question",
            "The question cannot be asked",
            format!("it has between 1 and {LONGEST} characters"),
        ));
    }
    let (question, session) = prepared(&api, &asking, &body).await?;
    let work = Work {
        api,
        asking,
        question,
        session,
        address,
    };
    let streams = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"));
    let (sentences, mut said) = mpsc::channel(16);
    if streams {
        return Ok(stream_of(work, sentences, said));
    }
    let left = extensions.get::<Left>().cloned();
    let drained = async move {
        let told = async { while said.recv().await.is_some() {} };
        match left {
            // Then nobody hears the rest, and a model says no more.
            Some(Left(left)) => _ = left.run_until_cancelled(told).await,
            None => told.await,
        }
    };
    let (answer, ()) = tokio::join!(
        async {
            let answer = work.run(&sentences).await;
            drop(sentences);
            answer
        },
        drained
    );
    Ok(Json(answer?).into_response())
}

/// The question with what it is about and what came before, and its conversation.
async fn prepared(
    api: &Api,
    asking: &Asking,
    body: &ChatRequest,
) -> Result<(Question, Option<ChatId>), ApiError> {
    let text = body.question.trim().to_owned();
    let Asking::Known(caller) = asking else {
        if body.document.is_some() || body.patient.is_some() || body.session.is_some() {
            return Err(ApiError::Unauthenticated);
        }
        let question = Question {
            text,
            scope: Scope::default(),
            among: Among::Knowledge,
            history: Vec::new(),
            cited: Vec::new(),
        };
        return Ok((question, None));
    };
    if let Some(document) = body.document {
        let found = api.db.document(caller.tenant, DocumentId(document)).await?;
        found.ok_or(ApiError::NotFound)?;
    }
    if let Some(patient) = body.patient {
        let found = api.db.patient(caller.tenant, patient, &api.master);
        found.await?.ok_or(ApiError::NotFound)?;
    }
    let (session, history, cited) = match body.session {
        None => (api.db.open_chat(caller).await?, Vec::new(), Vec::new()),
        Some(session) => {
            let session = ChatId(session);
            let turns = conversations::turns(api, caller, session).await?;
            let cited = turns.iter().flat_map(|turn| quoted(&turn.answer)).collect();
            let history = turns.into_iter().map(|turn| {
                let said: Vec<String> = turn.answer.sentences.into_iter().map(|s| s.text).collect();
                (turn.question, said.join(" "))
            });
            (session, history.collect(), cited)
        }
    };
    let question = Question {
        text,
        scope: Scope {
            document: body.document.map(DocumentId),
            patient: body.patient,
        },
        among: body.among.unwrap_or(Among::Both),
        history,
        cited,
    };
    Ok((question, Some(session)))
}

/// The documents that an answer quotes; one may come more than once.
fn quoted(answer: &Answer) -> impl Iterator<Item = DocumentId> + '_ {
    let sentences = answer.sentences.iter();
    let citations = sentences.flat_map(|sentence| &sentence.citations);
    citations.filter_map(|citation| match &citation.source {
        Source::Document { document, .. } => Some(DocumentId(*document)),
        Source::Card { .. } => None,
    })
}

struct Work {
    api: Api,
    asking: Asking,
    question: Question,
    session: Option<ChatId>,
    address: Option<std::net::IpAddr>,
}

impl Work {
    async fn run(self, sentences: &mpsc::Sender<Sentence>) -> Result<ChatAnswer, ApiError> {
        let tenant = match &self.asking {
            Asking::Known(caller) => caller.tenant,
            Asking::Guest => TenantId::SHIPPED,
        };
        let chat = &self.api.chat;
        let told = chat.ask(tenant, &self.question, sentences, &self).await?;
        if let (Asking::Known(caller), Some(session)) = (&self.asking, self.session) {
            self.keep(caller, session, &told).await?;
        }
        Ok(ChatAnswer {
            session: self.session.map(|session| session.0),
            answer: told.answer,
            tokens: told.tokens.map(|tokens| Tokens {
                prompt: tokens.prompt,
                completion: tokens.completion,
            }),
        })
    }

    async fn keep(&self, caller: &Caller, session: ChatId, told: &Told) -> Result<(), ApiError> {
        let mut documents: Vec<DocumentId> = quoted(&told.answer)
            .chain(self.question.scope.document)
            .collect();
        documents.sort_unstable();
        documents.dedup();
        let turn = Turn {
            question: self.question.text.clone(),
            answer: told.answer.clone(),
        };
        conversations::keep(&self.api, caller, session, turn, &documents, told.tokens).await
    }
}

impl CallLog for Work {
    /// A line of the audit log besides the request's own.
    async fn note(&self, call: Call) -> Result<(), DbError> {
        let (tenant, actor) = match &self.asking {
            Asking::Known(caller) => (
                caller.tenant,
                Some(Actor {
                    id: caller.id,
                    role: caller.role.name().into(),
                    // Who only uploads asks in an emergency alone.
                    emergency: caller.role == Role::Uploader,
                }),
            ),
            Asking::Guest => (TenantId::DEFAULT, None),
        };
        let what = Occurrence {
            at: chrono::SubsecRound::trunc_subsecs(Utc::now(), 6),
            actor,
            action: "chat.model".into(),
            object: "/v1/chat".into(),
            outcome: outcome(&call),
            address: self.address,
            extent: Extent {
                document: self.question.scope.document.map(|document| document.0),
                patient: self.question.scope.patient,
                ..Extent::default()
            },
        };
        self.api.audit.record(tenant, what).await
    }
}

/// A call of a model as the status that a request would have had.
fn outcome(call: &Call) -> u16 {
    match call {
        Call::Begins => 102,
        Call::Stood => 200,
        Call::NothingStood => 204,
        // As nginx says it.
        Call::NobodyListens => 499,
        Call::Failed(LlmError::Refused(status)) => *status,
        Call::Failed(LlmError::Malformed) => 502,
        Call::Failed(LlmError::Unavailable(_)) => 503,
        Call::Failed(LlmError::Silent) => 504,
    }
}

/// Sentences as events, then the answer. The work ends when the client has gone.
fn stream_of(
    work: Work,
    sentences: mpsc::Sender<Sentence>,
    said: mpsc::Receiver<Sentence>,
) -> Response {
    let (end, ended) = tokio::sync::oneshot::channel();
    let mut stop = work.api.stop.clone();
    tokio::spawn(async move {
        let answer = tokio::select! {
            answer = work.run(&sentences) => answer,
            _ = stop.wait_for(|stop| *stop) => Err(ApiError::Unavailable("the service")),
        };
        drop(sentences);
        let _ = end.send(answer);
    });
    let events = stream::unfold((said, Some(ended)), |(mut said, ended)| async move {
        if let Some(sentence) = said.recv().await {
            let event = Event::default()
                .event("sentence")
                .json_data(&sentence)
                .ok()?;
            return Some((Ok::<_, Infallible>(event), (said, ended)));
        }
        let event = match ended?.await.unwrap_or(Err(ApiError::Internal)) {
            Ok(answer) => Event::default().event("answer").json_data(&answer).ok()?,
            Err(error) => {
                let (_, problem, _) = error.parts();
                Event::default().event("problem").json_data(&problem).ok()?
            }
        };
        Some((Ok(event), (said, None)))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
}
