//! Real small programs: what they are told, what they may say, and how they may misbehave.

use super::CommandTarget;
use crate::parser::Parsed;
use crate::seam::{Attempt, Target};
use crate::secrets::Secrets;
use crate::wire::{Kept, limits, run};
use acidtest_clock::Zero;
use acidtest_record::{
    Ask, Cause, CommandSpec, Finish, Limits, MarkName, Message, Outcome, Stage, TargetKind, TargetSpec,
};
use std::time::{Duration, Instant};

fn target(script: &str, more: CommandSpec, limits: &Limits) -> CommandTarget {
    let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let spec = TargetSpec {
        name: "p".into(),
        kind: TargetKind::Command,
        model: "m".into(),
        command: Some(CommandSpec { command, ..more }),
        ..TargetSpec::default()
    };
    let secrets = Secrets::from_fn(|name| match name {
        "PATH" => Some("/usr/bin:/bin".into()),
        "GIVEN" => Some("given-secret".into()),
        _ => Some("not-for-programs".into()),
    });
    CommandTarget::new(&spec, limits, &secrets, Zero::start()).unwrap()
}

fn ask() -> Ask {
    let message = Message { role: "user".into(), content: "hi \"there\"".into() };
    Ask { messages: vec![message], stream: true, ..Ask::default() }
}

async fn go(target: &CommandTarget) -> (Attempt, Parsed) {
    let built = target.build(&ask()).unwrap();
    let mut tap = Kept::default();
    let attempt = target.attempt(&built, &mut tap).await;
    let mut parser = (target.parser_factory())(true);
    tap.0.into_iter().for_each(|s| parser.segment(s));
    let parsed = parser.finish(&attempt);
    assert!(
        parsed.events.iter().all(|e| (e.read as usize) < parsed.reads.len()),
        "an event without its read"
    );
    (attempt, parsed)
}

fn once(script: &str, limits: &Limits) -> (Attempt, Parsed) {
    run(async || go(&target(script, CommandSpec::default(), limits)).await)
}

/// Answers every line with its id and a text.
const ECHO: &str = r#"n=0; while read -r line; do n=$((n+1)); id=${line#*:\"}; id=${id%%\"*};
echo "{\"id\":\"$id\",\"delta\":\"one \"}"; echo "{\"id\":\"$id\",\"delta\":\"two $n\"}";
echo "{\"id\":\"$id\",\"done\":true,\"finish\":\"stop\",\"usage\":{\"input_tokens\":3,\"output\":2}}"; done"#;

#[test]
fn a_process_answers_many_requests() {
    run(async || {
        let target = target(ECHO, CommandSpec::default(), &limits());
        let (first, parsed) = go(&target).await;
        assert_eq!(parsed.outcome, Outcome::Completed { finish: Finish::Stop });
        assert_eq!(parsed.answer.text(), "one two 1");
        let usage = parsed.said.unwrap().usage;
        assert_eq!((usage.input, usage.output), (Some(3), Some(2)));
        assert!(first.sent.unwrap() <= first.sent_end.unwrap() && first.body_end.unwrap() <= first.ended);
        let read = parsed.reads[0];
        assert!(read.before <= read.after && read.after >= first.sent.unwrap());
        let (second, parsed) = go(&target).await;
        assert_eq!(parsed.answer.text(), "one two 2");
        assert_eq!((first.connection, first.reused), (1, false));
        assert_eq!((second.connection, second.reused), (1, true));
        assert!(second.marks.is_empty());
    });
}

#[test]
fn processes_are_as_many_as_said_and_requests_wait() {
    run(async || {
        let two = target(ECHO, CommandSpec { processes: 2, ..CommandSpec::default() }, &limits());
        let (a, b, c) = tokio::join!(go(&two), go(&two), go(&two));
        assert_eq!((a.0.connection, b.0.connection), (1, 2));
        assert!(c.0.marks.iter().any(|m| m.name == MarkName::QueueStart) && c.0.reused);
        assert!([a, b, c].iter().all(|r| matches!(r.1.outcome, Outcome::Completed { .. })));
        let each = target(ECHO, CommandSpec { per_request: true, ..CommandSpec::default() }, &limits());
        assert_eq!((go(&each).await.0.connection, go(&each).await.0.connection), (1, 2));
    });
}

#[test]
fn the_request_and_the_environment_are_as_said() {
    let script = r#"read -r line; case "$line" in '{"id":"1","prompt":"hi \"there\"","messages":[{"role":"user","content":"hi \"there\""}],"vars":{},"params":{},"model":"m"}') l=ok;; *) l=bad;; esac;
echo "{\"text\":\"$l $(env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | cut -d= -f1 | sort | tr '\n' ' ')\"}""#;
    let spec = CommandSpec { env: vec!["GIVEN".into()], ..CommandSpec::default() };
    let parsed = run(async || go(&target(script, spec, &limits())).await.1);
    assert_eq!(parsed.answer.text(), "ok GIVEN HOME LANG PATH ", "{:?}", parsed.outcome);
}

#[track_caller]
fn fails(script: &str, limits: &Limits, stage: Stage, cause: Cause, words: &str) -> String {
    let began = Instant::now();
    let (_, parsed) = once(script, limits);
    let Outcome::Failed { stage: s, cause: c, detail, .. } = &parsed.outcome else {
        panic!("{script}: {:?}", parsed.outcome)
    };
    assert_eq!((*s, *c), (stage, cause), "{script}: {detail}");
    assert!(detail.contains(words), "{script}: '{detail}' lacks '{words}'");
    assert!(began.elapsed() < Duration::from_secs(10), "{script}");
    detail.clone()
}

#[test]
fn programs_that_misbehave_are_clear_failures() {
    let short = Limits { first_byte_s: 0.2, gap_s: 0.2, ..limits() };
    fails("sleep 100", &short, Stage::Head, Cause::Timeout, "first-byte limit");
    let gap = Limits { gap_s: 0.2, ..limits() };
    fails("read l; echo '{\"delta\":\"x\"}'; sleep 100", &gap, Stage::Body, Cause::Stalled, "gap limit");
    let total = Limits { total_s: 1.0, ..limits() };
    let talk = "while :; do echo '{\"delta\":\"x\"}'; sleep 0.05; done";
    fails(talk, &total, Stage::Body, Cause::Timeout, "total limit");
    let long = Limits { first_byte_s: 5.0, gap_s: 5.0, total_s: 9.0, body_bytes: 1 << 20, ..limits() };
    let check = |script, stage, cause, words| fails(script, &long, stage, cause, words);
    check("cat /dev/zero", Stage::Body, Cause::TooLarge, "1048576 bytes");
    check("yes '{\"delta\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}'", Stage::Body, Cause::TooLarge, "limit");
    check("read l; exit 3", Stage::Head, Cause::Program, "exit status 3");
    check("read l; kill -9 $$", Stage::Head, Cause::Program, "signal 9");
    check("read l; echo '{\"delta\":\"x\"}'; exit 0", Stage::Body, Cause::Program, "1 lines came");
    check("exec >&-; read l; sleep 100", Stage::Head, Cause::Program, "closed its output");
    check(
        "read l; echo hello",
        Stage::Body,
        Cause::Malformed,
        "JSON (expected value at line 1 column 1): hello",
    );
    check("read l; echo '{\"id\":\"9\",\"text\":\"x\"}'", Stage::Body, Cause::Malformed, "another request");
    check("read l; echo '{\"text\":7}'; sleep 9", Stage::Body, Cause::Malformed, "not an answer's JSON");
    check(
        "read l; printf '{\"text\":\"a\"}\\n{\"text\":\"b\"}\\n'",
        Stage::Body,
        Cause::Malformed,
        "more output",
    );
    check(
        "read l; echo '{\"error\":{\"message\":\"no room\"}}'; sleep 9",
        Stage::Body,
        Cause::ErrorEvent,
        "no room",
    );
    let detail = check(
        "head -c 100000 /dev/zero | tr '\\0' e >&2; echo last word >&2; read l; exit 1",
        Stage::Head,
        Cause::Program,
        "last word",
    );
    assert!(detail.chars().count() <= 500);
}

#[test]
fn a_program_that_is_not_there_says_so() {
    let mut target = target("", CommandSpec::default(), &limits());
    target.start.command[0] = "./no-such-program".into();
    let (attempt, parsed) = run(async || go(&target).await);
    let Outcome::Failed { stage, cause, detail, .. } = parsed.outcome else { panic!() };
    assert_eq!((stage, cause, attempt.sent), (Stage::Connect, Cause::Program, None));
    assert!(detail.contains("cannot start './no-such-program'"), "{detail}");
}

#[test]
fn a_failed_process_is_replaced_and_secrets_are_masked() {
    run(async || {
        let script = r#"read -r line; echo "token $GIVEN" >&2; exit 1"#;
        let spec = CommandSpec { env: vec!["GIVEN".into()], ..CommandSpec::default() };
        let target = target(script, spec, &limits());
        let (_, parsed) = go(&target).await;
        let Outcome::Failed { detail, .. } = parsed.outcome else { panic!() };
        assert!(detail.contains("token ***") && !detail.contains("given-secret"), "{detail}");
        assert_eq!(go(&target).await.0.connection, 2);
    });
}

/// Whether any process still runs with that word in its command line.
fn runs(word: &str) -> bool {
    let Ok(all) = std::fs::read_dir("/proc") else { return false };
    let own = std::process::id().to_string();
    all.flatten().filter(|e| e.file_name().to_string_lossy() != own).any(|e| {
        let line = std::fs::read(e.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    })
}

fn gone(word: &str) -> bool {
    (0..100).any(|_| {
        let still = runs(word);
        if still {
            std::thread::sleep(Duration::from_millis(20));
        }
        !still
    })
}

#[test]
fn nothing_outlives_its_target() {
    // The program starts another one in the background, which ignores its input.
    let sleeper = format!("1000.{}", std::process::id());
    let script = format!("sleep {sleeper} & {ECHO}");
    run(async || {
        let target = target(&script, CommandSpec::default(), &limits());
        let (_, parsed) = go(&target).await;
        assert!(matches!(parsed.outcome, Outcome::Completed { .. }), "{:?}", parsed.outcome);
        assert!(runs(&sleeper));
        drop(target);
        assert!(gone(&sleeper), "dropped targets leave nothing");
    });
    // An attempt that is dropped half-way kills its process.
    let second = format!("2000.{}", std::process::id());
    run(async || {
        let target = target(&format!("sleep {second}"), CommandSpec::default(), &limits());
        let _ = tokio::time::timeout(Duration::from_millis(100), go(&target)).await;
        assert!(gone(&second), "a dropped attempt leaves nothing");
    });
    // The leader ends by itself and leaves a child behind.
    let third = format!("3000.{}", std::process::id());
    run(async || {
        let target = target(&format!("sleep {third} & exit 1"), CommandSpec::default(), &limits());
        let _ = go(&target).await;
        assert!(gone(&third), "a program's own children go with it");
    });
}

#[test]
fn memory_is_limited() {
    let script =
        "read l; x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo \"{\\\"text\\\":\\\"${#x}\\\"}\"";
    let spec = CommandSpec { memory_bytes: Some(64 << 20), ..CommandSpec::default() };
    let parsed = run(async || go(&target(script, spec, &limits())).await.1);
    let Outcome::Failed { cause, detail, .. } = parsed.outcome else { panic!("{:?}", parsed.answer) };
    assert_eq!(cause, Cause::Program, "{detail}");
    assert!(detail.contains("memory limit: 67108864 bytes"), "{detail}");
}

#[test]
fn a_large_request_does_not_block_a_program_that_talks_first() {
    let script = r#"head -c 200000 /dev/zero | tr '\0' ' '; echo; read -r l; echo "{\"text\":\"${#l}\"}""#;
    let limits = limits();
    let target = target(script, CommandSpec::default(), &limits);
    let mut long = ask();
    long.messages[0].content = "x".repeat(300_000);
    let parsed = run(async || {
        let built = target.build(&long).unwrap();
        let mut tap = Kept::default();
        let attempt = target.attempt(&built, &mut tap).await;
        let mut parser = (target.parser_factory())(true);
        tap.0.into_iter().for_each(|s| parser.segment(s));
        parser.finish(&attempt)
    });
    assert!(parsed.answer.text().parse::<usize>().unwrap() > 600_000, "{:?}", parsed.outcome);
}
