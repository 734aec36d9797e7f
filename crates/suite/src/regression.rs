//! The suite's `regression`: how much worse than a baseline a run may be.
//!
//! Main function: [`read`]. Must not know which metrics exist.

use crate::error::SuiteError;
use crate::read::Fields;
use crate::scoring::within;
use crate::tree::Node;
use acidtest_record::Regression;

/// Most regression gates of a suite.
const MOST: usize = 1000;

/// The gates, and where each stands.
pub(crate) fn read(suite: &Fields<'_>) -> Result<(Vec<Regression>, Vec<Node>), SuiteError> {
    let Some(node) = suite.get("regression") else {
        return Ok((Vec::new(), Vec::new()));
    };
    let doc = suite.doc;
    let nodes = doc.one_or_more(node, "'regression'")?;
    if nodes.len() > MOST {
        return Err(doc.at(node, "more than 1000 regression gates"));
    }
    let mut gates = Vec::with_capacity(nodes.len());
    for node in nodes {
        let text = doc.text(node, "a regression gate")?;
        let gate = Regression::parse(text).map_err(|bad| {
            let span = within(doc, node, text, bad.at);
            doc.error(span, bad.what.clone()).hint(bad.hint.clone())
        })?;
        gates.push(gate);
    }
    Ok((gates, nodes.to_vec()))
}
