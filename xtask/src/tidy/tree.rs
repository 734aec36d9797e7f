//! Rules for all files of the tree: nothing that belongs to one machine, and links that lead
//! somewhere.
//!
//! Main items: [`files`], [`check_machine`], [`check_links`].

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::{Complaint, File, read_text, relative};

/// Folders at the root that hold what is built, fetched or run, not what is written.
const SKIPPED: [&str; 5] = ["target", ".git", ".acidtest", "web/dist", "web/node_modules"];
/// Larger files are data; no rule reads them.
const LARGEST_BYTES: u64 = 4 << 20;

/// Homes and build places: a path that starts so is true on one machine only.
const HOMES: [&str; 6] = ["home", "root", "work", "farm", "Users", "builds"];
/// What points a package manager to another server than the public one.
const MIRRORS: [&str; 5] = [
    concat!("replace", "-with"),
    concat!("sparse", "+http"),
    concat!("index", "-url"),
    concat!("registry", " = \"http"),
    concat!("npm", "_config_registry"),
];
/// The one source that Cargo.lock may name.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// All text files, in order of their paths.
pub(crate) fn files(root: &Path) -> Result<Vec<File>> {
    let mut found = Vec::new();
    walk(root, root, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(folder: &Path, root: &Path, found: &mut Vec<File>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            if !skipped(&relative(&path, root)) {
                walk(&path, root, found)?;
            }
        } else if kind.is_file()
            // In a second work tree this is a file that names the first one.
            && entry.file_name() != ".git"
            && entry.metadata()?.len() <= LARGEST_BYTES
            // Of a picture no more is known than that it is there to be linked to.
            && let Some(text) = read_text(&path)?.or_else(|| is_picture(&path).then(String::new))
        {
            found.push(File::new(relative(&path, root), text));
        }
    }
    Ok(())
}

fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "png")
}

fn skipped(folder: &Path) -> bool {
    SKIPPED.iter().any(|name| folder == Path::new(name)) || folder.ends_with(".acidtest")
}

/// No build paths, no private package servers.
pub(crate) fn check_machine(files: &[File]) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.path.starts_with("fixtures")) {
        let lock = file.extension() == "lock";
        for (at, line) in file.text.lines().enumerate() {
            let what = if lock {
                foreign_source(line)
                    .map(|source| format!("`{source}` is not crates.io: everybody must be able to build"))
            } else if let Some(path) = machine_path(line) {
                Some(format!(
                    "`{path}` exists on one machine only: use a relative path or a made-up one such as /data"
                ))
            } else {
                let mirror = MIRRORS.iter().find(|mirror| line.contains(*mirror));
                mirror.map(|mirror| {
                    format!(
                        "`{mirror}` names a package server of one place: leave it to the user's configuration"
                    )
                })
            };
            found.extend(what.map(|what| Complaint::new(&file.path, at + 1, what)));
        }
    }
    found
}

fn foreign_source(line: &str) -> Option<&str> {
    let source = line.strip_prefix("source = \"")?.strip_suffix('"')?;
    (source != CRATES_IO).then_some(source)
}

/// The first absolute path in a line that starts at a home or build place.
fn machine_path(line: &str) -> Option<&str> {
    for (at, _) in line.match_indices('/') {
        // Part of a longer path or of a URL, not the start of one.
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '*' | '}')) {
            continue;
        }
        let rest = &line[at + 1..];
        let home = HOMES.iter().find(|home| rest.strip_prefix(**home).is_some_and(leads_on));
        if home.is_some() {
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`)<>,;".contains(c)).unwrap_or(rest.len());
            return Some(&line[at..at + 1 + end]);
        }
    }
    None
}

fn leads_on(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('/') && chars.next().is_some_and(|c| c.is_alphanumeric() || c == '.')
}

/// Relative links of Markdown files lead to files.
pub(crate) fn check_links(files: &[File]) -> Vec<Complaint> {
    let known = |path: &Path| files.iter().any(|file| file.path == path || file.path.starts_with(path));
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        let folder = file.path.parent().unwrap_or(Path::new(""));
        for (line, link) in links(&file.text) {
            let target = link.split(['#', '?']).next().unwrap_or("");
            if target.is_empty() {
                continue; // a heading of the same page
            }
            let leads = resolve(folder, target).is_some_and(|path| known(&path));
            if !leads {
                let what = format!("link `{link}` leads nowhere: correct the path");
                found.push(Complaint::new(&file.path, line, what));
            }
        }
    }
    found
}

/// A relative link's path from the root; `None` when it leaves the tree or is absolute.
fn resolve(folder: &Path, link: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in folder.join(link).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Links of a page that are no URLs, with their lines; code is not looked at.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            fenced = !fenced;
        } else if !fenced {
            let definition = start.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
            let defined = definition.and_then(|(_, link)| link.split_whitespace().next());
            let all = inline_links(line).into_iter().chain(defined);
            found.extend(all.filter(|link| !is_url(link)).map(|link| (at + 1, link)));
        }
    }
    found
}

fn inline_links(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("](") {
        let in_code = line[..at].matches('`').count() % 2 == 1;
        let rest = &line[at + 2..];
        if let (false, Some(end)) = (in_code, rest.find([')', ' '])) {
            found.push(&rest[..end]);
        }
    }
    found
}

fn is_url(link: &str) -> bool {
    let scheme = link.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_written_is_skipped() {
        for folder in ["target", ".git", "web/dist", "suites/docent/.acidtest"] {
            assert!(skipped(Path::new(folder)), "{folder}");
        }
        for folder in ["crates/target", "web", "crates", ".ci"] {
            assert!(!skipped(Path::new(folder)), "{folder}");
        }
    }

    fn check_machine_line(path: &str, line: &str, complaints: usize) {
        let found = check_machine(&[File::new(path, line)]);
        assert_eq!(found.len(), complaints, "{line}: {found:?}");
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for home in ["home", "root", "work"] {
            check_machine_line("a.md", &format!("see `/{home}/me/x`"), 1);
            check_machine_line("a.rs", &format!("open(\"/{home}/.cargo\")"), 1);
        }
        check_machine_line("a.md", "either/or, crates/work/src, https://x.org/home/a, /data/work/x", 0);
        check_machine_line("a.md", "/proc/self, /work, / root /", 0);
        check_machine_line("fixtures/a.md", &format!("/{}/x", "home"), 0);
    }

    #[test]
    fn private_package_servers_are_found() {
        for mirror in MIRRORS {
            check_machine_line(".cargo/config.toml", mirror, 1);
        }
        check_machine_line("Cargo.lock", &format!("source = \"{CRATES_IO}\""), 0);
        check_machine_line("Cargo.lock", "source = \"git+https://example.org/a\"", 1);
    }

    fn check_link(page: &str, text: &str, complaints: usize) {
        let files = [File::new(page, text), File::new("docs/guide.md", ""), File::new("LICENSE", "")];
        assert_eq!(check_links(&files).len(), complaints, "{page}: {text}");
    }

    #[test]
    fn links_lead_to_files_or_folders() {
        check_link("README.md", "[a](docs/guide.md) [b](docs) [c](docs/guide.md#x) [d](#x)", 0);
        check_link("docs/a.md", "[a](guide.md) [b](../LICENSE) [c](./guide.md \"title\")", 0);
        check_link("README.md", "[a](https://x.org/y) [b](mailto:a@b.c)", 0);
        check_link("README.md", "[a]\n\n[a]: docs/guide.md", 0);
        check_link("README.md", "[a](guide.md)", 1);
        check_link("README.md", "[a](../x.md) [b](/docs/guide.md)", 2);
        check_link("README.md", "[a]\n\n[a]: gone.md", 1);
    }

    #[test]
    fn code_is_no_link() {
        check_link("README.md", "`[a](gone.md)`", 0);
        check_link("README.md", "```\n[a](gone.md)\n```\n[b](gone.md)", 1);
    }
}
