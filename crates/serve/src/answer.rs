//! What handlers take and give: parts of an address, bodies, JSON, all bounded.
//!
//! Main items: [`At`], [`Asked`], [`Posted`], [`json`]. Whatever cannot be read becomes a
//! [`Refusal`], so that every error has the same form.

use crate::refusal::Refusal;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a handler gives.
pub(crate) type Answered = Result<Response, Refusal>;

/// JSON that is made on the spot; what is worth keeping is [`Packed`](crate::packed::Packed).
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(http::header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(e) => Refusal::fault(format!("an answer cannot be written as JSON: {e}")).into_response(),
    }
}

/// Names out of the path: `At<String>` for one, a tuple for several.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(at)| Self(at)).map_err(|e| Refusal::bad(format!("the address: {}", e.body_text())))
    }
}

/// What follows the question mark.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|e| Refusal::bad(e.body_text()))
    }
}

/// A body of JSON. The guard has bounded it already.
pub(crate) struct Posted<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Posted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = axum::Json::<T>::from_request(request, state).await;
        body.map(|axum::Json(posted)| Self(posted)).map_err(|e| match e {
            JsonRejection::MissingJsonContentType(_) => {
                Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected a body of type application/json")
            }
            other => Refusal::new(other.status(), other.body_text()),
        })
    }
}
