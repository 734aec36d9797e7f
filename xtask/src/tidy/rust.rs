//! Rules for one Rust file: how it opens, how long it and its functions are, and what it must not
//! say outside tests or outside its room.
//!
//! Main item: [`check_all`]. It sees text only; what crosses files is in `rooms`.

use std::path::{Path, PathBuf};

use super::code::{self, blank, line_of, without_tests};
use super::{Complaint, File};

const FUNCTION_LINES: usize = 70;
const FILE_LINES: usize = 800;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "manager", "common", "types"];
/// Rooms whose serde forms are stored for years.
const STORED: [&str; 2] = ["record", "store"];
/// Who talks to a terminal.
const TALKERS: [&str; 2] = ["acidtest", "xtask"];
/// Who asks the kernel for what std does not offer.
const UNSAFE: [&str; 1] = ["clock"];

/// Checks every Rust file.
pub(crate) fn check_all(files: &[File]) -> Vec<Complaint> {
    let rust = files.iter().filter(|file| file.extension() == "rs" && !file.room().is_empty());
    rust.flat_map(check).collect()
}

fn check(file: &File) -> Vec<Complaint> {
    let code = blank(&file.text);
    let mut found = form(file, &code);
    found.extend(words_everywhere(file, &code));
    if !file.test {
        found.extend(words_outside_tests(file, &without_tests(&code)));
    }
    found
}

/// Whether a whole file is compiled for tests only, by the names that cargo and the project use.
pub(crate) fn is_test_path(path: &Path) -> bool {
    let folders = ["tests", "benches", "examples"];
    let in_folder = path.iter().any(|part| folders.iter().any(|folder| part == *folder));
    let stem = stem(path);
    in_folder || stem == "tests" || stem.ends_with("_tests")
}

/// Marks the files that another file declares as `#[cfg(test)] mod name;`, and all below them.
pub(crate) fn mark_tests(files: &mut [File]) {
    let rust = files.iter().filter(|file| file.extension() == "rs" && !file.room().is_empty());
    let modules: Vec<PathBuf> = rust.flat_map(test_modules).collect();
    for file in files {
        let declared =
            |module: &PathBuf| file.path.with_extension("") == *module || file.path.starts_with(module);
        file.test |= modules.iter().any(declared);
    }
}

/// The test modules that a file declares, as paths without an ending.
fn test_modules(file: &File) -> Vec<PathBuf> {
    let code = blank(&file.text);
    let rest = without_tests(&code);
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let below = match stem(&file.path) {
        "lib" | "main" | "mod" => folder.to_path_buf(),
        own => folder.join(own),
    };
    code::words(&code, "mod")
        .filter(|at| rest.as_bytes()[*at] == b' ')
        .filter_map(|at| code[at + "mod".len()..].split_once(';'))
        .map(|(name, _)| name.trim())
        .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .map(|name| below.join(name))
        .collect()
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("")
}

fn form(file: &File, code: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    if !file.text.starts_with("//!") {
        let what = "a file opens with `//!`: what it is for, its main type, what it must not do";
        found.push(Complaint::new(&file.path, 1, what));
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES {
        let what = format!("{lines} lines, at most {FILE_LINES}: split the file by what it is about");
        found.push(Complaint::new(&file.path, FILE_LINES + 1, what));
    }
    let stem = stem(&file.path);
    if EMPTY_NAMES.contains(&stem) {
        let what = format!("`{stem}` says nothing: name the module after what it holds");
        found.push(Complaint::new(&file.path, 1, what));
    }
    for function in code::functions(code) {
        if function.lines > FUNCTION_LINES {
            let what = format!(
                "function `{}` has {} lines, at most {FUNCTION_LINES}: move a step into a function of its own",
                function.name, function.lines
            );
            found.push(Complaint::new(&file.path, function.line, what));
        }
    }
    found
}

fn words_everywhere(file: &File, code: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut say = |at: usize, what: &str| {
        found.push(Complaint::new(&file.path, line_of(code, at), what));
    };
    for name in ["todo", "unimplemented"] {
        for at in macros(code, name) {
            say(at, "unfinished code: finish it, or return an error that says what is missing");
        }
    }
    if !UNSAFE.contains(&file.room()) {
        for at in code::words(code, "unsafe") {
            say(at, "`unsafe` lives in `clock` alone: ask the kernel there, behind a safe function");
        }
    }
    if STORED.contains(&file.room()) {
        for at in loose_serde(code) {
            say(
                at,
                "`serde(untagged)` and `serde(flatten)` make stored forms ambiguous: name the field or tag",
            );
        }
    }
    found
}

fn words_outside_tests(file: &File, code: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut say = |at: usize, what: &str| {
        found.push(Complaint::new(&file.path, line_of(code, at), what));
    };
    for (at, _) in code.match_indices(".unwrap()") {
        say(at, "`unwrap()` outside tests: use `expect(\"why it cannot fail\")` or an error");
    }
    if !TALKERS.contains(&file.room()) {
        for name in ["println", "print", "eprintln", "eprint", "dbg"] {
            for at in macros(code, name) {
                say(at, "only the binary talks to the terminal: return what is to be said");
            }
        }
    }
    found
}

/// Where a macro is called.
fn macros<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    code::words(code, name).filter(move |at| code[at + name.len()..].starts_with('!'))
}

/// Where a serde attribute says `untagged` or `flatten`.
fn loose_serde(code: &str) -> impl Iterator<Item = usize> + '_ {
    code::words(code, "serde").filter(move |at| {
        let open = at + "serde".len();
        let inside = if code[open..].starts_with('(') { code::inside(code, open) } else { "" };
        code::has_word(inside, "untagged") || code::has_word(inside, "flatten")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of complaints that a file with this path and text gets.
    fn complaints(path: &str, text: &str) -> Vec<String> {
        let file = File::new(path, text);
        check_all(&[file]).iter().map(|c| format!("{}: {}", c.line, c.what)).collect()
    }

    fn check_clean(path: &str, text: &str) {
        assert_eq!(complaints(path, text), [""; 0], "{path}\n{text}");
    }

    fn check_broken(path: &str, text: &str, expect: &str) {
        let found = complaints(path, text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expect), "{found:?} does not start with {expect}");
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        check_clean("crates/suite/src/a.rs", "//! A.\n");
        check_broken("crates/suite/src/a.rs", "use a;\n", "1: a file opens with");
        check_broken("crates/suite/src/a.rs", "// A.\n", "1: a file opens with");
        check_clean("README.rs", "not ours");
    }

    #[test]
    fn long_files_and_functions_are_named() {
        let body = |lines: usize| format!("//! A.\nfn long() {{\n{}}}\n", "x;\n".repeat(lines));
        check_clean("crates/suite/src/a.rs", &body(68));
        check_broken("crates/suite/src/a.rs", &body(69), "2: function `long` has 71 lines");
        let file = |lines: usize| format!("//! A.\n{}", "const A: u8 = 1;\n".repeat(lines));
        check_clean("crates/suite/src/a.rs", &file(799));
        check_broken("crates/suite/src/a.rs", &file(800), "801: 801 lines, at most 800");
    }

    #[test]
    fn unwrap_is_for_tests() {
        let text = "//! A.\nfn a() { b.unwrap() }\n";
        check_broken("crates/suite/src/a.rs", text, "2: `unwrap()`");
        check_clean("crates/suite/tests/a.rs", text);
        check_clean("crates/suite/src/a_tests.rs", text);
        check_clean("crates/suite/src/a.rs", "//! A.\n#[cfg(test)]\nmod tests { fn a() { b.unwrap() } }\n");
        check_clean("crates/suite/src/a.rs", "//! A.\n// b.unwrap()\nfn a() { b.unwrap_or(1); }\n");
        let behind = "//! A.\n#[cfg(test)]\nmod tests {}\nfn a() { b.unwrap() }\n";
        check_broken("crates/suite/src/a.rs", behind, "4: `unwrap()`");
    }

    #[test]
    fn a_module_declared_for_tests_is_a_test() {
        let check = |parent: &str, text: &str, child: &str, expect: bool| {
            let mut files = [File::new(parent, text), File::new(child, "//! A.")];
            mark_tests(&mut files);
            assert_eq!(files[1].test, expect, "{parent} declares {child} in {text}");
            assert!(!files[0].test, "{parent}");
        };
        let text = "#[cfg(test)]\nmod simulation;";
        check("crates/engine/src/lib.rs", text, "crates/engine/src/simulation.rs", true);
        check("crates/engine/src/lib.rs", text, "crates/engine/src/simulation/deep.rs", true);
        check("crates/engine/src/a.rs", text, "crates/engine/src/a/simulation.rs", true);
        check("crates/engine/src/a.rs", text, "crates/engine/src/simulation.rs", false);
        check("crates/engine/src/lib.rs", "mod simulation;", "crates/engine/src/simulation.rs", false);
        let inline = "#[cfg(test)]\nmod tests { mod simulation { } }";
        check("crates/engine/src/lib.rs", inline, "crates/engine/src/simulation.rs", false);
    }

    #[test]
    fn unfinished_code_is_never_left() {
        check_broken("crates/suite/src/a.rs", "//! A.\nfn a() { todo!() }", "2: unfinished");
        check_broken("crates/suite/tests/a.rs", "//! A.\nfn a() { unimplemented!(\"x\") }", "2: unfinished");
        check_clean("crates/suite/src/a.rs", "//! A.\nfn todo() { f(\"todo!()\"); }");
    }

    #[test]
    fn unsafe_lives_in_clock() {
        let text = "//! A.\nfn a() { unsafe { b() } }";
        check_clean("crates/clock/src/a.rs", text);
        check_broken("crates/engine/src/a.rs", text, "2: `unsafe` lives in `clock`");
        check_clean("crates/engine/src/a.rs", "//! A.\n#![forbid(unsafe_code)]");
    }

    #[test]
    fn stored_forms_are_strict() {
        let text = "//! A.\n#[serde(\n  default,\n  flatten\n)]\nstruct A;";
        check_broken("crates/record/src/a.rs", text, "2: `serde(untagged)`");
        check_broken(
            "crates/store/src/a.rs",
            "//! A.\n#[serde(untagged)]\nenum A {}",
            "2: `serde(untagged)`",
        );
        check_clean("crates/suite/src/a.rs", text);
        check_clean("crates/record/src/a.rs", "//! A.\n#[serde(default)]\nfn a() { b.flatten() }");
    }

    #[test]
    fn only_the_binary_talks() {
        let text = "//! A.\nfn a() { println!(\"x\"); }";
        check_broken("crates/engine/src/a.rs", text, "2: only the binary talks");
        check_clean("crates/acidtest/src/a.rs", text);
        check_clean("crates/engine/src/a.rs", "//! A.\nfn a() { writeln!(out, \"println!()\"); }");
    }

    #[test]
    fn modules_have_telling_names() {
        check_broken("crates/engine/src/utils.rs", "//! A.", "1: `utils` says nothing");
        check_clean("crates/engine/src/pace.rs", "//! A.");
    }
}
