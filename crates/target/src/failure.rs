//! What broke in the transport, before it becomes an attempt's end.
//!
//! Main type: [`Failure`]. Must not hold secrets: details are masked when they leave.

use crate::seam::End;
use crate::secrets::Mask;
use acidtest_record::{Cause, Stage};
use std::error::Error;
use std::io;

/// Longest detail in characters.
pub(crate) const MAX_DETAIL: usize = 500;

/// A classed failure of the transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) stage: Stage,
    pub(crate) cause: Cause,
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(stage: Stage, cause: Cause, detail: impl Into<String>) -> Self {
        Self { stage, cause, detail: detail.into() }
    }

    pub(crate) fn into_end(self, mask: &Mask) -> End {
        End::Failed { stage: self.stage, cause: self.cause, detail: masked(mask, self.detail) }
    }
}

/// A detail without secrets, cut; nor with the beginning of one where it was cut.
pub(crate) fn masked(mask: &Mask, detail: String) -> String {
    mask.cut_text(cut(&mask.text(detail)))
}

/// The text in one line of at most [`MAX_DETAIL`] characters.
pub(crate) fn cut(text: &str) -> String {
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(one_line).take(MAX_DETAIL).collect()
}

/// The first error of that type in the chain of causes.
fn source<'e, E: Error + 'static>(err: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut at = Some(err);
    while let Some(e) = at {
        if let Some(found) = e.downcast_ref::<E>() {
            return Some(found);
        }
        // An `io::Error` hides what it wraps from `source()`.
        let inner = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|i| i.downcast_ref::<E>()) {
            return Some(found);
        }
        at = e.source();
    }
    None
}

/// What TLS says of an error below it, if it came from there.
pub(crate) fn tls_error(err: &io::Error) -> Option<String> {
    source::<tokio_rustls::rustls::Error>(err).map(|_| chain(err))
}

/// An error and its causes in one line.
pub(crate) fn chain(err: &(dyn Error + 'static)) -> String {
    let mut text = err.to_string();
    let mut at = err.source();
    while let Some(e) = at {
        let more = e.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        at = e.source();
    }
    text
}

/// Classes an error of the HTTP layer. `began`: whether any byte of the answer had arrived.
pub(crate) fn classify(err: &hyper::Error, stage: Stage, began: bool) -> Failure {
    let text = chain(err);
    if source::<tokio_rustls::rustls::Error>(err).is_some() {
        return Failure::new(stage, Cause::Tls, text);
    }
    // hyper offers this question to servers only, hence by its words.
    if err.is_parse() && text.contains("too large") {
        let detail = format!("response head is larger than our limit: {text}");
        return Failure::new(stage, Cause::TooLarge, detail);
    }
    if err.is_parse() {
        return Failure::new(stage, Cause::Malformed, format!("not HTTP/1.1: {text}"));
    }
    let kind = source::<io::Error>(err).map(io::Error::kind);
    if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
        return Failure::new(stage, Cause::Malformed, format!("HTTP framing: {text}"));
    }
    if began {
        return Failure::new(stage, Cause::Cut, format!("connection lost: {text}"));
    }
    let detail = format!("connection lost before any byte of the answer: {text}");
    Failure::new(stage, Cause::Connect, detail)
}
