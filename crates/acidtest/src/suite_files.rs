//! Suites from the disk: files, folders, the environment, and the flags that choose cases.
//!
//! Main function: [`load`]; main type: [`SelectArgs`]. Must not know what a suite means.

use crate::exit::{Exit, Failure};
use acidtest_suite::{Files, Loaded, Selection};
use std::io::{self, Read};
use std::path::Path;

/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 100_000;

/// Which of the suite's cases are asked
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SelectArgs {
    /// Only cases for which this holds: 'lang=ko and not id~draft-*'; tags, id, split, cluster, refuse, vars.NAME
    #[arg(long, value_name = "CONDITION")]
    filter: Option<String>,
    /// Only cases of this split; may be repeated
    #[arg(long = "split", value_name = "SPLIT")]
    splits: Vec<String>,
    /// One part of several, by a digest of the case's id: 2/5
    #[arg(long, value_name = "PART/PARTS", value_parser = Selection::parse_shard)]
    shard: Option<(u32, u32)>,
    /// So many cases, drawn by a digest of --sample-seed and the case's id
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Seed of --sample
    #[arg(long, value_name = "SEED", default_value_t = 1, requires = "sample")]
    sample_seed: u64,
    /// Only the first so many of what is left
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl SelectArgs {
    fn selection(&self) -> Selection {
        Selection {
            filter: self.filter.clone(),
            splits: self.splits.clone(),
            shard: self.shard,
            sample: self.sample.map(|n| (n, self.sample_seed)),
            limit: self.limit,
        }
    }

    /// Whether nothing is chosen.
    pub(crate) fn is_empty(&self) -> bool {
        self.selection().is_empty()
    }
}

/// Reads a suite and all that it names, and checks that its gates name what exists.
pub(crate) fn load(path: &Path, select: &SelectArgs) -> Result<Loaded, Failure> {
    let files = Files { open: &open, list: &list, variable: &|name| std::env::var(name).ok() };
    let loaded = acidtest_suite::load_with(path, files, &select.selection())
        .map_err(|e| Failure::new(Exit::Usage, e))?;
    // The metrics that gates name must exist; only the findings know them. Cases that were
    // not chosen count: a shard may lack a tag that a gate names.
    let all: Vec<_> = loaded.cases.iter().chain(loaded.samples()).cloned().collect();
    acidtest_findings::check(&loaded.spec, &all)
        .map_err(|e| Failure::new(Exit::Usage, loaded.gate_error(e.index, &e.message, &e.hint)))?;
    for (index, gate) in loaded.spec.regression.iter().enumerate() {
        let checked = acidtest_findings::check_regression(gate, &loaded.spec, &all);
        checked.map_err(|(message, hint)| {
            Failure::new(Exit::Usage, loaded.regression_error(index, &message, &hint))
        })?;
    }
    Ok(loaded)
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a folder: write `cases: { folder: … }`"));
    }
    Ok(Box::new(file))
}

fn list(path: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(path)?.take(MOST_ENTRIES);
    let name = |entry: io::Result<std::fs::DirEntry>| Some(entry.ok()?.file_name().to_str()?.to_owned());
    Ok(entries.filter_map(name).collect())
}
