//! What cargo knows about the workspace and its dependencies, as far as tidy needs it.
//!
//! Main type: [`Metadata`]. It reads `cargo metadata` once and judges nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// All packages of the dependency graph.
pub(crate) struct Metadata {
    /// The packages that live in this tree.
    pub(crate) members: Vec<Package>,
    /// The packages that come from elsewhere.
    pub(crate) foreign: Vec<Package>,
}

/// One package.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) manifest: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The name that the code uses, where the manifest gives another.
    pub(crate) rename: Option<String>,
    pub(crate) kind: Kind,
}

/// Which code may use a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The program itself.
    Normal,
    /// Tests, benches and examples.
    Dev,
    /// The build script.
    Build,
}

impl Package {
    /// The folder of the manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().expect("a manifest is a file in a folder")
    }

    /// The room's short name: `acidtest-record` is `record`.
    pub(crate) fn room(&self) -> &str {
        self.name.strip_prefix("acidtest-").unwrap_or(&self.name)
    }
}

impl Dependency {
    /// The name by which Rust code speaks of it.
    pub(crate) fn ident(&self) -> String {
        self.rename.as_ref().unwrap_or(&self.name).replace('-', "_")
    }
}

/// Asks cargo. The whole graph, all platforms; where packages of other platforms cannot be
/// fetched (no network), this platform's part.
pub(crate) fn load() -> Result<Metadata> {
    let mut all = shell::cargo()?;
    all.args(["metadata", "--format-version", "1", "--locked"]);
    let text = match shell::output(all) {
        Ok(text) => text,
        Err(first) => {
            let mut here = shell::cargo()?;
            here.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
            here.args(["--filter-platform", &host()?]);
            let text = shell::output(here).map_err(|_| first)?;
            eprintln!("note: offline, so only this platform's dependencies are checked");
            text
        }
    };
    parse(&text)
}

fn host() -> Result<String> {
    let mut rustc = shell::program("rustc")?;
    rustc.arg("-vV");
    let said = shell::output(rustc)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` has no line `host:`")?.to_owned())
}

fn parse(text: &str) -> Result<Metadata> {
    let value: Value = serde_json::from_str(text).context("cargo metadata is not JSON")?;
    let listed = value["packages"].as_array().context("cargo metadata has no `packages`")?;
    let mut found = Metadata { members: Vec::new(), foreign: Vec::new() };
    for entry in listed {
        let package = package(entry)?;
        // A package with a source came from a registry or a repository.
        if entry["source"].is_null() {
            found.members.push(package);
        } else {
            found.foreign.push(package);
        }
    }
    found.members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn package(entry: &Value) -> Result<Package> {
    let text = |key: &str| -> Result<String> {
        let value = entry[key].as_str();
        Ok(value.with_context(|| format!("a package without `{key}`"))?.to_owned())
    };
    let dependencies = entry["dependencies"].as_array().context("a package without dependencies")?;
    Ok(Package {
        name: text("name")?,
        version: text("version")?,
        licence: entry["license"].as_str().map(str::to_owned),
        manifest: text("manifest_path")?.into(),
        dependencies: dependencies.iter().map(dependency).collect::<Result<_>>()?,
    })
}

fn dependency(entry: &Value) -> Result<Dependency> {
    Ok(Dependency {
        name: entry["name"].as_str().context("a dependency without a name")?.to_owned(),
        rename: entry["rename"].as_str().map(str::to_owned),
        kind: match entry["kind"].as_str() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_foreign_packages_are_told_apart() {
        let text = r#"{"packages":[
            {"name":"acidtest-record","version":"0.1.0","license":"MIT","source":null,
             "manifest_path":"/w/crates/record/Cargo.toml",
             "dependencies":[{"name":"serde-json","rename":null,"kind":null},
                             {"name":"proptest","rename":"pt","kind":"dev"}]},
            {"name":"serde","version":"1.0.0","license":null,"source":"registry",
             "manifest_path":"/r/serde/Cargo.toml","dependencies":[]}]}"#;
        let found = parse(text).unwrap();
        assert_eq!(found.members.len(), 1);
        assert_eq!(found.members[0].room(), "record");
        assert_eq!(found.members[0].folder(), Path::new("/w/crates/record"));
        assert_eq!(found.members[0].dependencies[0].ident(), "serde_json");
        assert_eq!(found.members[0].dependencies[1].ident(), "pt");
        assert_eq!(found.members[0].dependencies[1].kind, Kind::Dev);
        assert_eq!(found.foreign[0].licence, None);
    }
}
