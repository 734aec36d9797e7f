//! Any target: what the engine holds, whatever answers.
//!
//! Main type: [`Endpoint`]. Must not know a protocol: it only chooses.

use crate::command::CommandTarget;
use crate::custom::CustomTarget;
use crate::custom::files::Files;
use crate::http::{HttpTarget, TargetError};
use crate::parser::Parser;
use crate::seam::{Attempt, BuildError, Built, LocalBoxFuture, Tap, Target};
use crate::secrets::Secrets;
use acidtest_clock::Zero;
use acidtest_record::{Ask, Limits, TargetKind, TargetSpec};

/// Who answers, on one measuring thread.
pub enum Endpoint {
    /// Asked over HTTP.
    Http(Box<HttpTarget>),
    /// An application's own HTTP interface.
    Custom(Box<CustomTarget>),
    /// A program.
    Command(Box<CommandTarget>),
}

impl Endpoint {
    /// The target of a plan at a base URL (`base_url` and not the plan's: the
    /// built-in server's is known only at run time).
    ///
    /// # Errors
    /// The URL, a header or a body field cannot be used, a secret is missing, or
    /// there is no root certificate for https.
    pub fn new(
        spec: &TargetSpec,
        base_url: &str,
        limits: &Limits,
        secrets: &Secrets,
        zero: Zero,
    ) -> Result<Self, TargetError> {
        Ok(match spec.kind {
            TargetKind::Http => {
                Self::Custom(Box::new(CustomTarget::new(spec, base_url, limits, secrets, zero)?))
            }
            TargetKind::Command => Self::Command(Box::new(CommandTarget::new(spec, limits, secrets, zero)?)),
            _ => Self::Http(Box::new(HttpTarget::new(spec, base_url, limits, secrets, zero)?)),
        })
    }

    /// The same with the suite's folder and the files that requests upload.
    #[must_use]
    pub fn with_files(self, files: &Files) -> Self {
        match self {
            Self::Http(target) => Self::Http(target),
            Self::Custom(target) => Self::Custom(Box::new(target.with_files(files))),
            Self::Command(target) => Self::Command(Box::new(target.with_files(files))),
        }
    }

    /// The same for one of `of` measuring threads: a planned number of connections is shared out.
    #[must_use]
    pub fn for_thread(self, no: u16, of: u16) -> Self {
        match self {
            Self::Http(target) => Self::Http(Box::new(target.for_thread(no, of))),
            Self::Custom(target) => Self::Custom(Box::new(target.for_thread(no, of))),
            Self::Command(target) => Self::Command(target),
        }
    }

    /// Makes parsers for this target's answers, streamed or not, on any thread.
    #[must_use]
    pub fn parser_factory(&self) -> Box<dyn Fn(bool) -> Parser + Send> {
        match self {
            Self::Http(target) => target.parser_factory(),
            Self::Custom(target) => target.parser_factory(),
            Self::Command(target) => target.parser_factory(),
        }
    }
}

impl Target for Endpoint {
    fn build(&self, ask: &Ask) -> Result<Built, BuildError> {
        match self {
            Self::Http(target) => target.build(ask),
            Self::Custom(target) => target.build(ask),
            Self::Command(target) => target.build(ask),
        }
    }

    fn attempt<'a>(&'a self, built: &'a Built, tap: &'a mut dyn Tap) -> LocalBoxFuture<'a, Attempt> {
        match self {
            Self::Http(target) => target.attempt(built, tap),
            Self::Custom(target) => target.attempt(built, tap),
            Self::Command(target) => target.attempt(built, tap),
        }
    }
}
