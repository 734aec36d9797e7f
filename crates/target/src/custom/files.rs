//! Files that requests upload, and the suite's folder.
//!
//! Main type: [`Files`]. Must not open anything: the binary reads each file
//! once, within a bound, before the run.

use acidtest_record::placeholder::Template;
use acidtest_record::{BodySpec, Case, TargetSpec};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The suite's folder, and bytes by their paths in it.
#[derive(Debug, Clone, Default)]
pub struct Files {
    folder: Arc<PathBuf>,
    bytes: Arc<BTreeMap<String, Bytes>>,
}

impl Files {
    /// Files by path, and the folder in which programs are started.
    #[must_use]
    pub fn new(folder: &Path, bytes: BTreeMap<String, Bytes>) -> Self {
        Self { folder: Arc::new(folder.to_owned()), bytes: Arc::new(bytes) }
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(all: [(String, Bytes); N]) -> Self {
        Self::new(Path::new(""), all.into())
    }

    /// The suite's folder; empty for the present one.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn get(&self, path: &str) -> Option<Bytes> {
        self.bytes.get(path).cloned()
    }
}

/// The files that the requests of a target upload for these cases.
///
/// # Errors
/// A path cannot be made, or leads out of the suite's folder.
pub fn needed(target: &TargetSpec, cases: &[Case]) -> Result<BTreeSet<String>, String> {
    let mut out = BTreeSet::new();
    let Some(BodySpec::Multipart(parts)) = target.http.as_deref().map(|h| &h.body) else {
        return Ok(out);
    };
    for template in parts.iter().filter_map(|p| p.file.as_deref()) {
        let template = Template::parse(template).map_err(|e| e.0)?;
        for case in cases {
            let mut values = case.vars.clone();
            values.insert("vars".into(), case.vars.clone().into());
            let path = template.text(&values).map_err(|e| format!("case '{}': {e}", case.id))?;
            let inside = |p: &Path| {
                p.components()
                    .all(|c| matches!(c, std::path::Component::Normal(_) | std::path::Component::CurDir))
            };
            if path.is_empty() || path.contains('\0') || !inside(Path::new(&path)) {
                return Err(format!(
                    "case '{}': the file '{path}' is not inside the suite's folder, expected a relative path without '..'",
                    case.id
                ));
            }
            out.insert(path);
        }
    }
    Ok(out)
}
