//! Links, pipes, full disks and texts that speak to a runner.

use crate::Place;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

const SUITE: &str = "name: s\ntarget: { name: t, url: \"sim:demo\", model: m }\nprompt: \"{{ question }}\"\nscorers: [contains]\n";

#[track_caller]
fn refused(place: &Place, args: &[&str], words: &[&str]) {
    let ran = place.run(args).exits(2);
    for word in words.iter().chain(&["hint:"]) {
        assert!(ran.err().contains(word), "'{word}' in\n{}", ran.err());
    }
}

#[test]
fn nothing_named_in_a_suite_leads_out_or_hangs() {
    let (place, other) = (Place::new(), Place::new());
    let out = other.file("out.jsonl", "{\"question\": \"q\", \"expected\": \"a\"}\n");
    symlink(&out, place.path().join("link.jsonl")).unwrap();
    symlink("/etc/passwd", place.path().join("pw.yaml")).unwrap();
    assert!(Command::new("mkfifo").arg(place.path().join("pipe")).status().unwrap().success());
    for (name, more, word) in [
        ("a.yaml", "cases: link.jsonl\n", "leads out"),
        ("b.yaml", "cases: [{ question: q, expected: a }]\ninclude: pw.yaml\n", "leads out"),
        ("c.yaml", "cases: pipe\n", "no regular file"),
        ("d.yaml", "cases: { folder: pipe }\n", "cannot list"),
        ("e.yaml", "cases: [{ question: q, expected: a }]\ninclude: pipe\n", "no regular file"),
    ] {
        place.file(name, &format!("{SUITE}{more}"));
        refused(&place, &["plan", name], &[word]);
    }
    // By its own path the user names it; the suite itself may be a link.
    let suite = place.file("f.yaml", &format!("{SUITE}cases: {}\n", out.display()));
    symlink(&suite, place.path().join("g.yaml")).unwrap();
    place.run(&["plan", "g.yaml"]).exits(0);
}

#[test]
fn nothing_is_written_through_a_link_or_into_a_pipe() {
    let (place, other) = (Place::new(), Place::new());
    let target = other.path().join("target");
    symlink(&target, place.path().join("suite.yaml")).unwrap();
    refused(&place, &["init", "--force"], &["cannot write", "it is a link"]);
    assert!(!target.exists());
    place.file("p.yaml", "prompts: ['{{ q }}']\nproviders: [echo]\ntests: [{vars: {q: x}}]\n");
    refused(&place, &["import", "p.yaml", "--from", "promptfoo", "-o", "."], &["is there already"]);
    assert!(!target.exists());
    std::fs::remove_file(place.path().join("suite.yaml")).unwrap();
    assert!(Command::new("mkfifo").arg(place.path().join("suite.yaml")).status().unwrap().success());
    refused(&place, &["init", "--force"], &["no regular file"]);
}

#[test]
fn outputs_that_take_nothing_are_named() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = place.command(&["metrics"]).stdout(Stdio::from(full)).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(4));
    assert!(said.starts_with("error: cannot write to standard output") && said.contains("hint:"), "{said}");
    let file = place.file("s.yaml", &format!("{SUITE}cases: [{{ question: q, expected: a }}]\n"));
    place.run(&["run", file.to_str().unwrap(), "--store", "s.db"]);
    refused(
        &place,
        &["export", "latest", "--store", "s.db", "-o", "/nonexist/x"],
        &["cannot write '/nonexist/x'"],
    );
    refused(
        &place,
        &["report", "latest", "--store", "s.db", "--output", "/nonexist/x"],
        &["cannot write /nonexist/x"],
    );
}

#[test]
fn a_runner_gets_no_commands_from_a_suite() {
    let place = Place::new();
    place.file(
        "s.yaml",
        &format!("{SUITE}cases: [{{ question: q, expected: a }}]\n")
            .replace("name: s", "name: \"::stop-commands::x\""),
    );
    for github in [true, false] {
        let mut command = place.command(&["plan", "::error::no.yaml"]);
        command.env_remove("GITHUB_ACTIONS");
        if github {
            command.env("GITHUB_ACTIONS", "true");
        }
        let ran = command.output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(!said.lines().any(|line| line.trim_start().starts_with("::")), "{said}");
    }
    let mut command = place.command(&["plan", "s.yaml"]);
    let ran = command.env("GITHUB_ACTIONS", "true").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(!said.lines().any(|line| line.trim_start().starts_with("::")), "{said}");
}
