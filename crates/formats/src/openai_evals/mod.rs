//! OpenAI Evals to suites: the open-source registry and the hosted service's JSON.
//!
//! Main function: [`import`]. What a grader asks of a model or runs as code is a
//! loss with its line.

mod hosted;
mod registry;

use crate::error::{FormatError, Loss, place};
use crate::input::Input;
use crate::suite::Suite;
use crate::tree;

/// Most cases of one import.
const MAX_CASES: usize = 2_000_000;

/// Reads a registry file (YAML), its samples (JSON Lines), or an eval of the hosted service (JSON).
pub(crate) fn import(input: &Input<'_>) -> Result<Suite, FormatError> {
    let text = input.text()?;
    if input.file_name().ends_with(".jsonl") || registry::is_samples(text) {
        return registry::samples_alone(input, text);
    }
    let root = tree::parse(input.name, text)?;
    if hosted::is_hosted(&root) {
        return hosted::import(input, &root);
    }
    if registry::is_registry(&root) {
        return registry::import(input, &root);
    }
    Err(FormatError::new(input.name, Some(root.line), "it is neither an eval registry, nor samples, nor a hosted eval")
        .hint("expected 'class: evals.…' (YAML), lines with \"input\" and \"ideal\", or \"testing_criteria\" (JSON)"))
}

fn loss(file: &str, line: u32, what: impl Into<String>) -> Loss {
    Loss { file: place(file), line, what: what.into(), changes_results: true }
}

fn comments(what: &str, losses: &[Loss]) -> Vec<String> {
    let mut out =
        vec![format!("Imported from {what}. Set 'url', 'model' and 'key' of the target to your own.")];
    out.push(
        "Answers are trimmed before they are compared; an empty, cut or refused answer is never correct."
            .into(),
    );
    out.extend(losses.iter().take(50).map(|l| format!("not carried over: {l}")));
    out
}
