//! Lists the repository's suites as a table of `include_str!`, so that the program
//! carries them. Must not do anything else: a build needs no network and no tool.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Kinds of files that belong to a suite.
const KINDS: [&str; 5] = ["yaml", "jsonl", "csv", "md", "json"];
/// Larger files are data to be fetched, not to be carried.
const MOST_BYTES: u64 = 1 << 20;

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let suites = here.join("../../suites");
    println!("cargo::rerun-if-changed={}", suites.display());
    let mut table = String::from("&[\n");
    for folder in sorted(&suites)?.into_iter().filter(|f| f.join("suite.yaml").is_file()) {
        println!("cargo::rerun-if-changed={}", folder.display());
        let _ = writeln!(table, "    Suite {{ name: {:?}, files: &[", name(&folder));
        for file in files(&folder)? {
            let inside = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            let whole = file.canonicalize()?;
            println!("cargo::rerun-if-changed={}", whole.display());
            let _ = writeln!(table, "        ({inside:?}, include_str!({whole:?})),");
        }
        table += "    ] },\n";
    }
    table += "]\n";
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("suites.rs"), table)
}

/// Files of a suite, those of its folders too.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in sorted(folder)? {
        if path.is_dir() {
            found.extend(files(&path)?);
            continue;
        }
        let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if KINDS.contains(&kind) && fs::metadata(&path)?.len() <= MOST_BYTES {
            found.push(path);
        }
    }
    Ok(found)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|e| Some(e.ok()?.path())).collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e),
    };
    found.retain(|p| !name(p).starts_with('.'));
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
