//! A stored run in the forms of other tools.
//!
//! Main function: [`bytes`]. The forms themselves are in `acidtest-formats`.

use crate::exit::{Exit, Failure};
use crate::open_store::trouble;
use acidtest_formats::RunView;
use acidtest_record::{Digest, RunId};
use acidtest_store::Store;
use std::collections::HashMap;

/// Forms other than our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Parquet,
    LmEval,
    Vllm,
}

/// The whole file.
pub(crate) fn bytes(store: &Store, run: RunId, form: Form) -> Result<Vec<u8>, Failure> {
    let summary = store.summary(run).map_err(trouble)?;
    let spec = store.spec(run).map_err(trouble)?;
    let cases = store.cases(run).map_err(trouble)?;
    let (mut records, mut verdicts) = (Vec::new(), Vec::new());
    store.records(run, &mut |r| records.push(r)).map_err(trouble)?;
    store.verdicts(run, &mut |v| verdicts.push(v)).map_err(trouble)?;
    let mut blobs: HashMap<Digest, Vec<u8>> = HashMap::new();
    if form == Form::LmEval {
        for hash in records.iter().filter_map(|r| r.request.body) {
            if let Some(body) = store.blob(hash).map_err(trouble)? {
                blobs.insert(hash, body);
            }
        }
    }
    let view = RunView {
        run,
        created_unix_ns: summary.created_unix_ns,
        spec: &spec,
        cases: &cases,
        records: &records,
        verdicts: &verdicts,
        blobs: &blobs,
    };
    let written = match form {
        Form::Parquet => acidtest_formats::parquet_rows(&view),
        Form::LmEval => acidtest_formats::lm_eval_samples(&view).map(String::into_bytes),
        Form::Vllm => acidtest_formats::vllm_bench(&view).map(String::into_bytes),
    };
    written.map_err(|e| {
        let hint = e.hint.clone();
        Failure::new(Exit::Usage, e).hint(hint)
    })
}
