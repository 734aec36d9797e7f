//! Which licences the program's dependencies may have.
//!
//! Main item: [`check`]. It reads the SPDX expression that a package declares; it does not read
//! licence files, so a package without an expression is refused.

use super::Complaint;
use crate::metadata::Metadata;

/// Licences under which we may hand the program on as Apache-2.0 OR MIT. The last one is for data.
const ALLOWED: [&str; 15] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "0BSD",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
];

/// Every dependency's licence can be met by the list.
pub(crate) fn check(metadata: &Metadata) -> Vec<Complaint> {
    let mut found = Vec::new();
    for package in &metadata.foreign {
        let name = format!("{} {}", package.name, package.version);
        let what = match package.licence.as_deref().map(|text| (text, allowed(text))) {
            Some((_, Some(true))) => continue,
            Some((text, Some(false))) => {
                format!("{name} has licence `{text}`, which is not in the list")
            }
            Some((text, None)) => {
                format!("{name} has licence `{text}`, which is no SPDX expression")
            }
            None => format!("{name} names no licence"),
        };
        let advice = "choose another crate, or decide in docs/decisions and xtask/src/tidy/licences.rs";
        found.push(Complaint::new("Cargo.lock", 1, format!("{what}: {advice}")));
    }
    found
}

/// Whether an expression can be met with allowed licences only; `None` when it cannot be read.
pub(super) fn allowed(expression: &str) -> Option<bool> {
    // `MIT/Apache-2.0` is an old way to write OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let verdict = any(&mut rest)?;
    rest.is_empty().then_some(verdict)
}

fn any(rest: &mut &[&str]) -> Option<bool> {
    let mut verdict = all(rest)?;
    while let ["OR", tail @ ..] = *rest {
        *rest = tail;
        let next = all(rest)?;
        verdict = verdict || next;
    }
    Some(verdict)
}

fn all(rest: &mut &[&str]) -> Option<bool> {
    let mut verdict = one(rest)?;
    while let ["AND", tail @ ..] = *rest {
        *rest = tail;
        let next = one(rest)?;
        verdict = verdict && next;
    }
    Some(verdict)
}

fn one(rest: &mut &[&str]) -> Option<bool> {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let verdict = any(rest)?;
            let [")", tail @ ..] = *rest else { return None };
            *rest = tail;
            Some(verdict)
        }
        [")" | "OR" | "AND" | "WITH", ..] | [] => None,
        [name, "WITH", exception, tail @ ..] => {
            *rest = tail;
            Some(ALLOWED.contains(&format!("{name} WITH {exception}").as_str()))
        }
        [name, tail @ ..] => {
            *rest = tail;
            Some(ALLOWED.contains(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Package;

    #[test]
    fn expressions_are_read_as_written() {
        let check =
            |expression: &str, expect: Option<bool>| assert_eq!(allowed(expression), expect, "{expression}");
        check("MIT", Some(true));
        check("GPL-3.0-only", Some(false));
        check("MIT OR GPL-3.0-only", Some(true));
        check("GPL-3.0-only OR MIT", Some(true));
        check("MIT AND GPL-3.0-only", Some(false));
        check("MIT OR GPL-3.0-only AND ISC", Some(true));
        check("(MIT OR Apache-2.0) AND Unicode-3.0", Some(true));
        check("(MIT OR Apache-2.0) AND OpenSSL", Some(false));
        check("MIT/Apache-2.0", Some(true));
        check("Apache-2.0 WITH LLVM-exception", Some(true));
        check("GPL-2.0 WITH Classpath-exception-2.0", Some(false));
        check("", None);
        check("(MIT", None);
        check("MIT MIT", None);
        check("AND MIT", None);
    }

    #[test]
    fn a_package_must_say_its_licence() {
        let package = |licence: Option<&str>| Package {
            name: "a".into(),
            version: "1.0.0".into(),
            licence: licence.map(str::to_owned),
            manifest: "a/Cargo.toml".into(),
            dependencies: Vec::new(),
        };
        let check_one = |licence| check(&Metadata { members: Vec::new(), foreign: vec![package(licence)] });
        assert_eq!(check_one(Some("ISC")), []);
        assert_eq!(check_one(None).len(), 1);
        assert_eq!(check_one(Some("proprietary")).len(), 1);
    }
}
