//! What each request must keep: `slo:`.
//!
//! Main function: [`read`]. Must not judge a request.

use crate::error::SuiteError;
use crate::read::Fields;
use acidtest_record::Slo;

/// Reads `slo` of the suite: one text, or a list of terms.
pub(crate) fn read(suite: &Fields<'_>) -> Result<Option<Slo>, SuiteError> {
    let Some(node) = suite.get("slo") else { return Ok(None) };
    let doc = suite.doc;
    let mut texts = Vec::new();
    for term in doc.one_or_more(node, "'slo'")? {
        let text = doc.text(term, "an objective")?;
        // Each alone first, so that an error shows its own line.
        Slo::parse(text).map_err(|e| doc.at(term, e.to_string()).hint(e.hint))?;
        texts.push(text.trim());
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let whole = Slo::parse(&texts.join(",")).map_err(|e| doc.at(node, e.to_string()).hint(e.hint))?;
    Ok(Some(whole))
}
