//! Parts of a request as types, with problems instead of plain text when they do not fit.

use std::str::FromStr;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::problem::ApiError;

/// The id in the path. What is no id names nothing.
pub(crate) struct PathId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::NotFound)?;
        text.parse().map(Self).map_err(|_| ApiError::NotFound)
    }
}

/// The query.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(asked)| Self(asked))
            .map_err(|error| ApiError::BadRequest(error.body_text()))
    }
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::TooLarge("send less at once".into()))
            }
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(ApiError::Unsupported(schemas::Problem {
                    kind: "urn:medbot:problem:unsupported-media-type".into(),
                    title: "The body's content type is not supported".into(),
                    detail: "send application/json".into(),
                }))
            }
            Err(JsonRejection::JsonDataError(error)) => Err(ApiError::unprocessable(
                "invalid-body",
                "The body does not fit its schema",
                error.body_text(),
            )),
            Err(error) => Err(ApiError::BadRequest(error.body_text())),
        }
    }
}
