//! Rules about the rooms of the house: who may use whom, what a pure room must not reach, and
//! which dependencies nobody uses.
//!
//! The lists here are the ones that ARCHITECTURE.md draws. A new edge is a decision: it needs a
//! note in docs/decisions and a line here.

use std::path::Path;

use super::code::{self, blank, without_tests};
use super::{Complaint, File, relative};
use crate::metadata::{Dependency, Kind, Metadata, Package};

/// A room and the rooms that may use it. The binary may use all and is used by none.
const USED_BY: [(&str, &[&str]); 14] = [
    (
        "record",
        &[
            "findings", "suite", "schedule", "target", "formats", "sim", "engine", "store", "readback",
            "serve",
        ],
    ),
    ("metrics", &["findings", "suite", "engine", "report", "serve"]),
    ("clock", &["engine", "sim", "target"]),
    ("schedule", &["engine", "sim"]),
    ("suite", &["engine"]),
    ("target", &["engine", "readback"]),
    ("findings", &["report", "engine", "readback", "serve"]),
    ("engine", &["readback"]),
    ("formats", &[]),
    ("report", &["serve"]),
    ("readback", &["serve"]),
    ("serve", &[]),
    ("sim", &[]),
    ("store", &["readback", "serve"]),
];
const BINARY: &str = "acidtest";
/// The rooms that tests of any room may use besides those it uses anyway: the server whose truth is
/// known, and the vocabulary in which a test writes its input.
const FOR_TESTS: [&str; 2] = ["sim", "record"];

/// Rooms without files, sockets, environment, threads or a clock.
const PURE: [&str; 7] = ["record", "metrics", "findings", "suite", "schedule", "formats", "report"];
/// Crates that a pure room has no business with.
const IMPURE_CRATES: [&str; 10] = [
    "tokio",
    "hyper",
    "hyper-util",
    "rustix",
    "rusqlite",
    "rustls",
    "tokio-rustls",
    "ctrlc",
    "tempfile",
    "libc",
];

/// Every edge between rooms is in the list.
pub(crate) fn check_edges(metadata: &Metadata, root: &Path) -> Vec<Complaint> {
    let mut found = Vec::new();
    for package in &metadata.members {
        for dependency in &package.dependencies {
            if let Some(what) = wrong_edge(package, dependency) {
                let manifest = relative(&package.manifest, root);
                found.push(Complaint::new(manifest, line_in(package, &dependency.name), what));
            }
        }
    }
    found
}

fn wrong_edge(package: &Package, dependency: &Dependency) -> Option<String> {
    let (user, name) = (package.room(), dependency.name.as_str());
    let used = match name.strip_prefix("acidtest-") {
        Some(room) => room,
        None if name == BINARY => {
            return Some(format!("nobody uses the binary, `{user}` does: move the code to a room"));
        }
        None => return None,
    };
    if user == BINARY || (dependency.kind == Kind::Dev && FOR_TESTS.contains(&used)) {
        return None;
    }
    let allowed = USED_BY.iter().find(|(room, _)| *room == used).map_or(&[][..], |(_, users)| users);
    (!allowed.contains(&user)).then(|| {
        format!("`{user}` must not use `{used}`: let the binary join them, or decide the edge in docs/decisions and USED_BY")
    })
}

/// Pure rooms carry the same clippy wall and depend on nothing that reaches outside.
pub(crate) fn check_walls(metadata: &Metadata, files: &[File]) -> Vec<Complaint> {
    let pure = || metadata.members.iter().filter(|package| PURE.contains(&package.room()));
    let wall = |room: &str| {
        let path = Path::new("crates").join(room).join("clippy.toml");
        files.iter().find(|file| file.path == path)
    };
    let model = wall(PURE[0]).map(|file| file.text.as_str());
    let mut found = Vec::new();
    for package in pure() {
        let folder = Path::new("crates").join(package.room());
        match wall(package.room()) {
            None => {
                let what = format!("a pure room needs its wall: copy crates/{}/clippy.toml here", PURE[0]);
                found.push(Complaint::new(folder.join("clippy.toml"), 1, what));
            }
            Some(file) if Some(file.text.as_str()) != model => {
                let what =
                    format!("differs from crates/{}/clippy.toml: all pure rooms have one wall", PURE[0]);
                found.push(Complaint::new(&file.path, 1, what));
            }
            Some(_) => {}
        }
        for dependency in package.dependencies.iter().filter(|d| d.kind != Kind::Dev) {
            if IMPURE_CRATES.contains(&dependency.name.as_str()) {
                let what = format!("`{}` is pure and must not use `{}`", package.room(), dependency.name);
                found.push(Complaint::new(
                    folder.join("Cargo.toml"),
                    line_in(package, &dependency.name),
                    what,
                ));
            }
        }
    }
    found
}

/// Every dependency of a manifest is named by the code that it is for, and every one of the
/// workspace's list by some manifest.
pub(crate) fn check_unused(metadata: &Metadata, root: &Path, files: &[File]) -> Vec<Complaint> {
    let mut found = Vec::new();
    for package in &metadata.members {
        let folder = relative(package.folder(), root);
        let sources = Sources::of(&folder, files);
        for dependency in &package.dependencies {
            if !sources.name(dependency) {
                let what = match dependency.kind {
                    Kind::Normal => "no code outside tests uses `{}`: remove it or make it a dev-dependency",
                    Kind::Dev => "no test uses `{}`: remove it",
                    Kind::Build => "build.rs does not use `{}`: remove it",
                };
                let line = line_in(package, &dependency.name);
                found.push(Complaint::new(
                    folder.join("Cargo.toml"),
                    line,
                    what.replace("{}", &dependency.name),
                ));
            }
        }
    }
    if let Some(manifest) = files.iter().find(|file| file.path == Path::new("Cargo.toml")) {
        for (line, name) in workspace_list(&manifest.text) {
            let used = metadata.members.iter().flat_map(|p| &p.dependencies).any(|d| d.name == name);
            if !used {
                let what = format!("no crate uses `{name}`: remove it from the workspace's list");
                found.push(Complaint::new("Cargo.toml", line, what));
            }
        }
    }
    found
}

/// One package's code, by who compiles it.
struct Sources {
    /// Without tests, comments and texts.
    program: Vec<String>,
    /// As written, since examples in comments are tests too.
    all: Vec<String>,
    build: Vec<String>,
}

impl Sources {
    fn of(folder: &Path, files: &[File]) -> Sources {
        let mut sources = Sources { program: Vec::new(), all: Vec::new(), build: Vec::new() };
        for file in files.iter().filter(|f| f.extension() == "rs" && f.path.starts_with(folder)) {
            if file.path == folder.join("build.rs") {
                sources.build.push(blank(&file.text));
                continue;
            }
            if !file.test {
                sources.program.push(without_tests(&blank(&file.text)));
            }
            sources.all.push(file.text.clone());
        }
        sources
    }

    fn name(&self, dependency: &Dependency) -> bool {
        let texts = match dependency.kind {
            Kind::Normal => &self.program,
            Kind::Dev => &self.all,
            Kind::Build => &self.build,
        };
        let ident = dependency.ident();
        texts.iter().any(|text| names_crate(text, &ident))
    }
}

/// Whether code speaks of a crate: `name::…`, `use name;`, `use name as …`.
fn names_crate(code: &str, ident: &str) -> bool {
    code::words(code, ident).any(|at| {
        let before = code[..at].trim_end();
        let after = code[at + ident.len()..].trim_start();
        let starts_path = after.starts_with("::") && !before.ends_with("::");
        starts_path || before.ends_with("use") || before.ends_with("extern crate")
    })
}

/// The names of `[workspace.dependencies]` with their lines.
fn workspace_list(manifest: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        } else if inside && let Some((name, _)) = line.split_once('=') {
            found.push((at + 1, name.trim()));
        }
    }
    found
}

/// The line of a manifest that names a dependency; 1 when it cannot be found.
fn line_in(package: &Package, dependency: &str) -> usize {
    let text = std::fs::read_to_string(&package.manifest).unwrap_or_default();
    let names = |line: &str| {
        let rest = line.trim_start().strip_prefix(dependency);
        rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    text.lines().position(names).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Kind)]) -> Package {
        let room = name.strip_prefix("acidtest-").unwrap_or(name);
        Package {
            name: name.into(),
            version: "0.1.0".into(),
            licence: None,
            manifest: format!("/nowhere/crates/{room}/Cargo.toml").into(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency { name: (*name).into(), rename: None, kind: *kind })
                .collect(),
        }
    }

    fn metadata(members: Vec<Package>) -> Metadata {
        Metadata { members, foreign: Vec::new() }
    }

    fn check_edge(user: &str, used: &str, kind: Kind, allowed: bool) {
        let metadata = metadata(vec![package(user, &[(used, kind)])]);
        let found = check_edges(&metadata, Path::new("/nowhere"));
        assert_eq!(found.is_empty(), allowed, "{user} -> {used}: {found:?}");
    }

    #[test]
    fn edges_are_the_listed_ones() {
        check_edge("acidtest-engine", "acidtest-target", Kind::Normal, true);
        check_edge("acidtest-target", "acidtest-engine", Kind::Normal, false);
        check_edge("acidtest-sim", "acidtest-target", Kind::Normal, false);
        check_edge("acidtest-report", "acidtest-record", Kind::Normal, false);
        check_edge("acidtest", "acidtest-store", Kind::Normal, true);
        check_edge("acidtest-engine", "acidtest-store", Kind::Normal, false);
        check_edge("acidtest-engine", "acidtest-unheard", Kind::Normal, false);
        check_edge("acidtest-engine", "serde", Kind::Normal, true);
    }

    #[test]
    fn tests_may_use_the_test_server_and_nobody_the_binary() {
        check_edge("acidtest-target", "acidtest-sim", Kind::Dev, true);
        check_edge("acidtest-target", "acidtest-sim", Kind::Normal, false);
        check_edge("acidtest-engine", "acidtest-store", Kind::Dev, false);
        check_edge("acidtest-engine", "acidtest", Kind::Dev, false);
    }

    #[test]
    fn pure_rooms_have_one_wall() {
        let members = || metadata(vec![package("acidtest-record", &[]), package("acidtest-suite", &[])]);
        let wall = |room: &str, text: &str| File::new(format!("crates/{room}/clippy.toml"), text);
        let found = check_walls(&members(), &[wall("record", "a"), wall("suite", "a")]);
        assert_eq!(found, []);
        let found = check_walls(&members(), &[wall("record", "a")]);
        assert_eq!(found.len(), 1, "missing");
        let found = check_walls(&members(), &[wall("record", "a"), wall("suite", "b")]);
        assert!(found[0].what.contains("differs"), "{found:?}");
    }

    #[test]
    fn pure_rooms_reach_nothing() {
        let wall = [File::new("crates/record/clippy.toml", "a")];
        let reach =
            |kind| check_walls(&metadata(vec![package("acidtest-record", &[("tokio", kind)])]), &wall);
        assert_eq!(reach(Kind::Normal).len(), 1);
        assert_eq!(reach(Kind::Dev), []);
    }

    fn check_use(kind: Kind, path: &str, text: &str, used: bool) {
        let metadata = metadata(vec![package("acidtest-suite", &[("serde-saphyr", kind)])]);
        let found = check_unused(&metadata, Path::new("/nowhere"), &[File::new(path, text)]);
        assert_eq!(found.is_empty(), used, "{path}: {text}: {found:?}");
    }

    #[test]
    fn a_dependency_is_named_where_it_is_for() {
        let source = "crates/suite/src/a.rs";
        check_use(Kind::Normal, source, "use serde_saphyr::Options;", true);
        check_use(Kind::Normal, source, "fn a() { serde_saphyr::from_str(x) }", true);
        check_use(Kind::Normal, source, "let serde_saphyr = 1;", false);
        check_use(Kind::Normal, source, "crate::serde_saphyr::a()", false);
        check_use(Kind::Normal, source, "// serde_saphyr::a()", false);
        check_use(Kind::Normal, source, "#[cfg(test)]\nmod tests { use serde_saphyr::A; }", false);
        check_use(Kind::Normal, "crates/engine/src/a.rs", "use serde_saphyr::A;", false);
        check_use(Kind::Dev, source, "#[cfg(test)]\nmod tests { use serde_saphyr::A; }", true);
        check_use(Kind::Dev, "crates/suite/tests/a.rs", "use serde_saphyr::A;", true);
        check_use(Kind::Build, "crates/suite/build.rs", "use serde_saphyr::A;", true);
        check_use(Kind::Build, source, "use serde_saphyr::A;", false);
    }

    #[test]
    fn the_workspace_lists_only_what_is_used() {
        let manifest = "[workspace]\nmembers = []\n[workspace.dependencies]\nserde = \"1\"\nidle = \"1\"\n[profile.dev]\ndebug = 1\n";
        assert_eq!(workspace_list(manifest), [(4, "serde"), (5, "idle")]);
        let metadata = metadata(vec![package("acidtest-suite", &[("serde", Kind::Dev)])]);
        let files = [File::new("Cargo.toml", manifest), File::new("crates/suite/src/a.rs", "use serde::A;")];
        let found = check_unused(&metadata, Path::new("/nowhere"), &files);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 5);
    }
}
