//! Suites from the disk: files, folders, the environment, and the flags that choose cases.
//!
//! Main function: [`load`]; main type: [`SelectArgs`]. Must not know what a suite means.

use crate::exit::{Exit, Failure};
use acidtest_suite::{Files, Loaded, Selection, is_within};
use std::cell::RefCell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
    let guard = Guard::of(path);
    let open = |path: &Path| guard.open(path);
    let list = |path: &Path| guard.list(path);
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

/// What is named inside a suite: regular files, and no link that leads out of the folder in
/// which it lies. The suite's own file is what the user named, link or not.
struct Guard {
    suite: PathBuf,
    folder: PathBuf,
    /// Folders of data that were listed: what lies in one stays in it.
    listed: RefCell<Vec<PathBuf>>,
}

impl Guard {
    fn of(suite: &Path) -> Self {
        let folder = suite.parent().unwrap_or(Path::new("")).to_owned();
        Self { suite: suite.to_owned(), folder, listed: RefCell::default() }
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        let real = path.canonicalize()?;
        let listed = self.listed.borrow();
        let own = |folder: &&PathBuf| is_within(path, folder);
        for folder in listed.iter().chain([&self.folder]).filter(own) {
            let whole = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            if !real.starts_with(whole.canonicalize()?) {
                let words = format!(
                    "it is a link that leads out of the folder '{}': copy the file there, or name it by its own path",
                    whole.display()
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        if path != self.suite {
            self.check(path)?;
            // Before it is opened: opening a pipe waits for whoever writes into it.
            regular(&path.metadata()?)?;
        }
        let file = std::fs::File::open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::other("it is a folder: write `cases: { folder: … }`"));
        }
        Ok(Box::new(file))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.check(path)?;
        let entries = std::fs::read_dir(path)?.take(MOST_ENTRIES);
        let name = |entry: io::Result<std::fs::DirEntry>| Some(entry.ok()?.file_name().to_str()?.to_owned());
        let names = entries.filter_map(name).collect();
        let is_new = !self.listed.borrow().iter().any(|folder| is_within(path, folder));
        if is_new {
            self.listed.borrow_mut().push(path.to_owned());
        }
        Ok(names)
    }
}

fn regular(about: &std::fs::Metadata) -> io::Result<()> {
    match about.is_file() || about.is_dir() {
        true => Ok(()),
        false => Err(io::Error::other("it is a pipe or a device, no regular file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_in_the_folder_and_pipes_are_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("s/hub")).unwrap();
        for name in ["out.csv", "s/in.csv", "s/hub/test.csv"] {
            std::fs::write(at(name), "q\n1\n").unwrap();
        }
        symlink(at("out.csv"), at("s/esc.csv")).unwrap();
        symlink(at("s/in.csv"), at("s/near.csv")).unwrap();
        symlink("../in.csv", at("s/hub/train.csv")).unwrap();
        symlink(at("s/gone"), at("s/nowhere.csv")).unwrap();
        symlink(dir.path(), at("s/hub/all")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("s/pipe")).status().unwrap();
        assert!(made.success());
        let guard = Guard::of(&at("s/suite.yaml"));
        let said = |name: &str| guard.open(&at(name)).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(said("s/in.csv"), Ok(()));
        assert_eq!(said("s/near.csv"), Ok(()));
        // By its own path it is the user's word.
        assert_eq!(said("out.csv"), Ok(()));
        assert_eq!(said("s/hub/train.csv"), Ok(()));
        assert!(said("s/esc.csv").unwrap_err().contains("leads out"));
        assert!(said("s/nowhere.csv").is_err());
        assert!(said("s/pipe").unwrap_err().contains("no regular file"));
        assert!(said("s/hub").unwrap_err().contains("it is a folder"));
        // Once a folder is listed, it holds what is read from it.
        guard.list(&at("s/hub")).unwrap();
        assert!(said("s/hub/train.csv").unwrap_err().contains("leads out"));
        assert_eq!(said("s/hub/test.csv"), Ok(()));
        assert_eq!(guard.list(&at("s/hub/all")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
