//! Files of one request, from the parts of a multipart body or from elsewhere: what was taken, what was
//! not, and the batch that they make.

use axum::{
    extract::{FromRequest as _, Multipart, Request, multipart::MultipartError},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use infra::db::{Accepted, Caller};
use schemas::{Problem, WebhookId};
use utoipa::ToSchema;

use super::{
    Api,
    idempotency::Answer,
    intake::{self, Wishes},
    problem::ApiError,
    uploads,
};

/// A multipart body.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape for the description")]
pub(crate) struct Files {
    /// One part a file; other parts are passed over.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<String>,
}

/// A raw body.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "a shape for the description")]
pub(crate) struct Raw(String);

pub(crate) fn is_multipart(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("multipart/")
        })
}

/// What became of the files of a request.
#[derive(Default)]
pub(crate) struct Gathered {
    pub accepted: Vec<(String, Accepted)>,
    pub rejected: Vec<(String, ApiError)>,
}

impl Gathered {
    /// Files, taken or not.
    pub(crate) fn len(&self) -> usize {
        self.accepted.len() + self.rejected.len()
    }

    /// Takes one file; a file's own fault is written down, anything else stops the request. What was
    /// taken before that is kept: sent again, it is a duplicate.
    pub(crate) async fn take<E: std::fmt::Display>(
        &mut self,
        api: &Api,
        caller: &Caller,
        wishes: &Wishes,
        file: &str,
        pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<(), ApiError> {
        match intake::take(api, caller, wishes, file, pieces).await {
            Ok(accepted) => self.accepted.push((file.to_owned(), accepted)),
            Err(
                error @ (ApiError::Unsupported(_)
                | ApiError::Unprocessable(_)
                | ApiError::TooLarge(_)),
            ) => self.rejected.push((file.to_owned(), error)),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes the `file` parts of a multipart body, one after the other.
    pub(crate) async fn parts(
        &mut self,
        api: &Api,
        caller: &Caller,
        wishes: &Wishes,
        request: Request,
    ) -> Result<(), ApiError> {
        let mut multipart = Multipart::from_request(request, api)
            .await
            .map_err(|error| ApiError::BadRequest(error.body_text()))?;
        while let Some(mut field) = multipart.next_field().await.map_err(|e| broken(&e))? {
            if field.name() != Some("file") {
                continue;
            }
            let file = intake::kept_name(field.file_name().unwrap_or_default());
            self.take(api, caller, wishes, &file, (&mut field).boxed())
                .await?;
            // The next part begins where this one ends.
            while let Ok(Some(_)) = field.chunk().await {}
        }
        Ok(())
    }

    /// Makes a batch of the files, and closes it.
    pub(crate) async fn into_batch(
        self,
        api: &Api,
        caller: &Caller,
        webhook: Option<WebhookId>,
    ) -> Result<Answer, ApiError> {
        let rejected: Vec<(String, Problem)> = self
            .rejected
            .into_iter()
            .map(|(file, error)| (file, error.parts().1))
            .collect();
        let batch = api.db.open_batch(caller.tenant, webhook).await?;
        let accepted = self.accepted.iter().map(|(file, taken)| (file, Ok(taken)));
        let refused = rejected.iter().map(|(file, problem)| (file, Err(problem)));
        for (position, (file, became)) in (0_u32..).zip(accepted.chain(refused)) {
            api.db
                .add_to_batch(caller.tenant, batch, position, file, became)
                .await?;
        }
        api.db.close_batch(caller.tenant, batch).await?;
        uploads::taken(self.accepted, rejected, Some(batch))
    }
}

fn broken(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::TooLarge(error.body_text());
    }
    ApiError::BadRequest(error.body_text())
}
