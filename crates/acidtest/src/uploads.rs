//! Files that requests upload: read once, within bounds, before anything is sent.
//!
//! Main function: [`read`]. A data file may name them, so they are taken from
//! the suite's folder only, links followed.

use crate::exit::{Exit, Failure};
use acidtest_record::{Case, RunSpec, TargetSpec};
use acidtest_target::{Files, files_needed};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// Largest file in bytes.
const MAX_FILE: u64 = 32 << 20;
/// Most bytes of all files together.
const MAX_ALL: usize = 1 << 30;

/// The files of a plan, and the folder in which its programs are started.
pub(crate) fn read(spec: &RunSpec, cases: &[Case], folder: &Path) -> Result<Files, Failure> {
    let mut bytes = BTreeMap::new();
    let mut all = 0;
    for target in &spec.targets {
        let fail = |what: String| Failure::usage(format!("target '{}': {what}", target.name));
        for path in needed(target, spec, cases)
            .map_err(|what| fail(what).hint("paths start from the suite's folder and stay in it"))?
        {
            if bytes.contains_key(&path) {
                continue;
            }
            let body = one(folder, &path).map_err(|what| {
                fail(format!("cannot upload '{path}': {what}")).hint("paths start from the suite's folder")
            })?;
            all += body.len();
            if all > MAX_ALL {
                return Err(fail("the files to upload are larger than 1 GiB together".into())
                    .hint("choose fewer cases: --limit or --sample"));
            }
            bytes.insert(path, body.into());
        }
    }
    let whole = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let whole = whole.canonicalize().map_err(|e| {
        Failure::new(Exit::Internal, e).hint(format!("see whether the folder {} is there", whole.display()))
    })?;
    Ok(Files::new(&whole, bytes))
}

/// The files of a target; what a matrix says of a variable wins, as in the requests themselves.
fn needed(target: &TargetSpec, spec: &RunSpec, cases: &[Case]) -> Result<BTreeSet<String>, String> {
    if spec.prompts.iter().all(|p| p.vars.is_empty()) {
        return files_needed(target, cases);
    }
    let mut all = BTreeSet::new();
    for prompt in &spec.prompts {
        let mut cases = cases.to_vec();
        cases.iter_mut().for_each(|case| case.vars.extend(prompt.vars.clone()));
        all.extend(files_needed(target, &cases)?);
    }
    Ok(all)
}

fn one(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let home = place.canonicalize().map_err(|e| e.to_string())?;
    let file = home.join(path).canonicalize().map_err(|e| e.to_string())?;
    if !file.starts_with(&home) {
        return Err("it leads out of the suite's folder".into());
    }
    if !file.is_file() {
        return Err("it is no file".into());
    }
    let mut body = Vec::new();
    let file = std::fs::File::open(&file).map_err(|e| e.to_string())?;
    file.take(MAX_FILE + 1).read_to_end(&mut body).map_err(|e| e.to_string())?;
    if body.len() as u64 > MAX_FILE {
        return Err("it is larger than 32 MiB".into());
    }
    Ok(body)
}
