//! Rules for the page's sources: text from outside stays text, files stay small, tools of the
//! page are under the licences that crates must have.
//!
//! Main items: [`check_sources`], [`check_lock`]. It reads; Svelte and TypeScript are judged by
//! their own checkers.

use std::path::Path;

use serde_json::Value;

use super::licences::allowed;
use super::{Complaint, File};

/// Ways by which a text could become markup or code.
const MARKUP: [&str; 7] = [
    concat!("{@", "html"),
    concat!("inner", "HTML"),
    concat!("outer", "HTML"),
    concat!("insertAdjacent", "HTML"),
    concat!("document", ".write"),
    concat!("new ", "Function("),
    concat!("ev", "al("),
];
/// Lines of a source of the page, at most.
const LONGEST: usize = 500;
/// Licences of tools that are not handed on with the page, besides those of crates.
const OF_TOOLS: [&str; 1] = ["Python-2.0"];

/// No source of the page turns text into markup, and none is long.
pub(crate) fn check_sources(files: &[File]) -> Vec<Complaint> {
    let sources = files.iter().filter(|file| {
        file.path.starts_with("web/src") && ["ts", "svelte", "css"].contains(&file.extension())
    });
    sources.flat_map(of_source).collect()
}

fn of_source(file: &File) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        for word in MARKUP.iter().filter(|word| line.contains(**word)) {
            let what = format!("`{word}` turns text into markup or code: bind text instead");
            found.push(Complaint::new(&file.path, at + 1, what));
        }
    }
    let lines = file.text.lines().count();
    // Types that are generated are as long as what they describe.
    if lines > LONGEST && !file.path.ends_with("schema.d.ts") {
        let what = format!("{lines} lines, at most {LONGEST}: take a part out");
        found.push(Complaint::new(&file.path, 1, what));
    }
    found
}

/// Every package of the page has an allowed licence, and the lock file names no server.
pub(crate) fn check_lock(files: &[File]) -> Vec<Complaint> {
    let path = Path::new("web/package-lock.json");
    let Some(file) = files.iter().find(|file| file.path == path) else { return Vec::new() };
    let Ok(lock) = serde_json::from_str::<Value>(&file.text) else {
        return vec![Complaint::new(path, 1, "is no JSON: run npm install in web/")];
    };
    let packages = lock["packages"].as_object().into_iter().flatten();
    packages
        .filter_map(|(name, package)| of_package(name, package))
        .map(|what| Complaint::new(path, 1, what))
        .collect()
}

fn of_package(name: &str, package: &Value) -> Option<String> {
    if package.get("resolved").is_some() {
        return Some(format!(
            "`{name}` names the server it came from: npm install with the folder's own .npmrc"
        ));
    }
    let licence = package["license"].as_str().unwrap_or("");
    let is_tool = package["dev"].as_bool().unwrap_or(false);
    let is_fine = allowed(licence) == Some(true) || (is_tool && OF_TOOLS.contains(&licence));
    (!is_fine).then(|| format!("`{name}` has licence `{licence}`, which is not in the list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let of = |text: &str| check_sources(&[File::new("web/src/pages/Run.svelte", text)]).len();
        assert_eq!(of("<p>{text}</p>"), 0);
        assert_eq!(of(concat!("<p>{@", "html text}</p>")), 1);
        assert_eq!(of(concat!("node.inner", "HTML = text;")), 1);
        assert_eq!(of(&"\n".repeat(LONGEST + 1)), 1);
        let elsewhere = File::new("web/e2e/x.ts", concat!("node.inner", "HTML"));
        assert_eq!(check_sources(&[elsewhere]), []);
    }

    #[test]
    fn a_lock_file_names_licences_and_no_server() {
        let of = |package: &str| {
            let text = format!(r#"{{"packages": {{"node_modules/a": {package}}}}}"#);
            check_lock(&[File::new("web/package-lock.json", text)]).len()
        };
        assert_eq!(of(r#"{"license": "MIT"}"#), 0);
        assert_eq!(of(r#"{"license": "GPL-3.0"}"#), 1);
        assert_eq!(of("{}"), 1);
        assert_eq!(of(r#"{"license": "Python-2.0", "dev": true}"#), 0);
        assert_eq!(of(r#"{"license": "Python-2.0"}"#), 1);
        assert_eq!(of(r#"{"license": "MIT", "resolved": "https://example.org/a.tgz"}"#), 1);
    }
}
