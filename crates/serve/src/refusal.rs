//! What goes wrong with a question, as an answer: a status and words for people.
//!
//! Main types: [`Refusal`], [`ApiError`]. Must not hold anything secret: its words go out.

use acidtest_readback::ReadBackError;
use acidtest_store::StoreError;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

/// Every error: status 4xx or 5xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ApiError {
    /// What went wrong.
    pub(crate) error: String,
    /// What can be done about it.
    pub(crate) hint: Option<String>,
}

/// An error on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its status.
    pub(crate) status: StatusCode,
    said: ApiError,
}

impl Refusal {
    /// Any refusal.
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, said: ApiError { error: error.into(), hint: None } }
    }

    /// The question makes no sense.
    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// There is no such thing.
    pub(crate) fn unknown(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// A fault of ours.
    pub(crate) fn fault(error: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error)
    }

    /// With what can be done about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.said.hint = Some(hint.into());
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, axum::Json(self.said)).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(e: StoreError) -> Self {
        let status = match &e {
            StoreError::RunUnknown { .. } => StatusCode::NOT_FOUND,
            StoreError::Ambiguous { .. } | StoreError::Unstorable { .. } => StatusCode::BAD_REQUEST,
            StoreError::RunExists { .. } | StoreError::RunBusy { .. } => StatusCode::CONFLICT,
            StoreError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            StoreError::NotFound { .. }
            | StoreError::NotAStore { .. }
            | StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::Busy { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::Gone { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let hint = e.hint();
        Self { status, said: ApiError { error: e.to_string(), hint } }
    }
}

impl From<ReadBackError> for Refusal {
    fn from(e: ReadBackError) -> Self {
        match e {
            ReadBackError::Store(e) => e.into(),
            ReadBackError::Extraction(e) => Self::fault(e.to_string())
                .hint("the plan of this run was written by another acidtest: use that one"),
        }
    }
}
