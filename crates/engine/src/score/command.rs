//! The user's own scorer: a program that reads questions and writes scores, one JSON line each.
//!
//! Main type: [`Program`]. It is started without a shell, with an environment of its own,
//! lives as long as the run, and is killed when it hangs, floods or dies; what it failed to say
//! is a failed verdict with the reason, never a score. It is asked from threads that
//! neither measure nor parse.

use acidtest_record::{Case, ScorerProgram};
use acidtest_target::Mask;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest line that a program may write, in bytes.
const MAX_LINE: u64 = 64 << 10;
/// Lines that may wait; a program that floods is stopped by its full pipe.
const WAITING: usize = 16;
/// Lines that are no answer to the question, before it is given up.
const MAX_STRANGE: usize = 100;
/// Last bytes of what it wrote to stderr that are kept.
const KEPT: usize = 500;
/// Failures in a row after which it is not started again.
const MOST_FAILURES: u32 = 3;
/// Longest reason that is kept, in characters.
const MAX_WHY: usize = 500;

/// What a program says of one answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub score: f64,
    pub pass: Option<bool>,
    pub why: Option<String>,
}

/// A program and its processes.
#[derive(Debug)]
pub(super) struct Program {
    spec: ScorerProgram,
    /// Strikes the values of the variables that it is given.
    mask: Mask,
    idle: Mutex<Vec<Process>>,
    failures: AtomicU32,
    ids: AtomicU64,
}

impl Program {
    pub(super) fn new(spec: &ScorerProgram) -> Self {
        Self::with(spec, |name| std::env::var_os(name))
    }

    fn with(spec: &ScorerProgram, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = spec.env.iter().filter_map(|name| variable(name));
        // Both as it is and without the white space around it, such as the end of a line.
        let values: Vec<String> = given
            .map(|value| value.to_string_lossy().into_owned())
            .flat_map(|value| [value.trim().to_owned(), plain(&value), value])
            .collect();
        let idle = Mutex::new(Vec::new());
        let (failures, ids) = (AtomicU32::new(0), AtomicU64::new(1));
        Self { spec: spec.clone(), mask: Mask::new(&values), idle, failures, ids }
    }

    pub(super) fn jobs(&self) -> usize {
        usize::from(self.spec.jobs.clamp(1, 16))
    }

    /// Asks for one score; the reason for people when there is none.
    pub(super) fn ask(&self, output: &str, case: &Case) -> Result<Said, String> {
        if self.failures.load(Ordering::Relaxed) >= MOST_FAILURES {
            return Err(format!(
                "{}: failed {MOST_FAILURES} times in a row and is not asked again",
                self.spec.run[0]
            ));
        }
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let question = json!({
            "id": id,
            "case": { "id": case.id, "vars": case.vars, "tags": case.tags },
            "output": output,
            "expected": case.expected,
        });
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let said = match idle {
            Some(process) => Ok(process),
            None => Process::start(&self.spec, &self.mask),
        }
        .and_then(|mut process| {
            let said = process.ask(id, &question, Duration::from_secs_f64(self.spec.timeout_s))?;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
            Ok(said)
        });
        match &said {
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        said.map_err(|why| format!("{}: {why}", self.spec.run[0]))
    }
}

/// One running process; dropping it kills it with all that it started.
#[derive(Debug)]
struct Process {
    child: Child,
    questions: SyncSender<Vec<u8>>,
    lines: Receiver<Result<String, &'static str>>,
    complaints: Arc<Mutex<Complaints>>,
    mask: Mask,
    /// Reads what it complains about.
    listener: Option<JoinHandle<()>>,
}

impl Process {
    fn start(spec: &ScorerProgram, mask: &Mask) -> Result<Self, String> {
        let mut command = Command::new(&spec.run[0]);
        command.args(&spec.run[1..]).env_clear();
        for name in ["PATH", "HOME", "LANG"].into_iter().chain(spec.env.iter().map(String::as_str)) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| format!("cannot be started: {e}"))?;
        limit_memory(&child, spec.memory_bytes);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err("has no pipes".to_owned());
        };
        let (questions, asked) = sync_channel(1);
        let (send, lines) = sync_channel(WAITING);
        let complaints = Arc::new(Mutex::new(Complaints::default()));
        let kept = complaints.clone();
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let mask = mask.clone();
        let room = KEPT + mask.longest();
        let mut process = Self { child, questions, lines, complaints, mask, listener: None };
        let failed = |e: std::io::Error| format!("no thread for it: {e}");
        thread("scorer-in").spawn(move || write_all(stdin, &asked)).map_err(failed)?;
        thread("scorer-out").spawn(move || read_lines(stdout, &send)).map_err(failed)?;
        let listener = thread("scorer-err").spawn(move || keep_tail(stderr, &kept, room)).map_err(failed)?;
        process.listener = Some(listener);
        Ok(process)
    }

    fn ask(&mut self, id: u64, question: &Value, timeout: Duration) -> Result<Said, String> {
        let deadline = Instant::now() + timeout;
        let mut line = question.to_string().into_bytes();
        line.push(b'\n');
        // The writing thread takes one at a time; it stands still only when the program does not read.
        self.questions.send(line).map_err(|_| self.ended())?;
        for _ in 0..MAX_STRANGE {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(Ok(line)) => line,
                Ok(Err(why)) => return Err(why.to_owned()),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!(
                        "gave no score within {:.1} s and was killed",
                        timeout.as_secs_f64()
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            };
            if line.trim().is_empty() {
                continue;
            }
            let value: Value = serde_json::from_str(&line).map_err(|_| {
                format!("wrote a line that is not JSON: '{}'", cut(line.trim(), 80, &self.mask))
            })?;
            // A late answer to a question before is passed over.
            if value.get("id").is_some_and(|got| *got == json!(id)) {
                return said(&value, &self.mask);
            }
        }
        Err(format!("wrote {MAX_STRANGE} lines without the id that was asked for ({id})"))
    }

    /// How it ended, with the last of what it complained about.
    fn ended(&mut self) -> String {
        let mut status = None;
        // The pipe closes a moment before the process is gone.
        for _ in 0..50 {
            status = self.child.try_wait().ok().flatten();
            if status.is_some() && self.listener.as_ref().is_none_or(JoinHandle::is_finished) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let how = status.map_or_else(|| "closed its output".to_owned(), |s| format!("ended ({s})"));
        let kept = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.bytes.iter().copied().collect();
        let text = self.mask.text(String::from_utf8_lossy(&bytes).into_owned());
        // What was let go may have taken the beginning of a secret with it.
        let unsure = if kept.dropped { self.mask.longest() } else { 0 };
        let text: String = text.chars().skip(unsure).collect();
        match text.trim().lines().last() {
            Some(last) => format!("{how}: {}", cut(last, 200, &self.mask)),
            None => how,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Limits the address space of a process just started.
#[cfg(target_os = "linux")]
fn limit_memory(child: &Child, bytes: u64) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = prlimit(Some(pid), Resource::As, limit);
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: &Child, _: u64) {}

fn write_all(mut stdin: ChildStdin, asked: &Receiver<Vec<u8>>) {
    for line in asked {
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read_lines(stdout: impl Read, send: &SyncSender<Result<String, &'static str>>) {
    let mut reader = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(MAX_LINE + 1).read_until(b'\n', &mut line);
        let message = match read {
            Ok(0) | Err(_) => return,
            Ok(n) if n as u64 > MAX_LINE => Err("wrote a line of more than 64 KiB and was killed"),
            Ok(_) => String::from_utf8(line).map_err(|_| "wrote a line that is not UTF-8"),
        };
        let over = message.is_err();
        if send.send(message).is_err() || over {
            return;
        }
    }
}

/// The last of what a program wrote to stderr.
#[derive(Debug, Default)]
struct Complaints {
    bytes: VecDeque<u8>,
    /// Whether something came before it.
    dropped: bool,
}

fn keep_tail(mut stderr: impl Read, kept: &Mutex<Complaints>, room: usize) {
    let mut buffer = [0; 1024];
    while let Ok(n @ 1..) = stderr.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes.extend(&buffer[..n]);
        let over = kept.bytes.len().saturating_sub(room);
        kept.dropped |= over > 0;
        kept.bytes.drain(..over);
    }
}

fn said(value: &Value, mask: &Mask) -> Result<Said, String> {
    let pass = value.get("pass").and_then(Value::as_bool);
    let score = match (value.get("score").and_then(Value::as_f64), pass) {
        (Some(score), _) => score,
        (None, Some(pass)) => f64::from(u8::from(pass)),
        (None, None) => return Err("gave neither 'score' nor 'pass'".to_owned()),
    };
    if !(0.0..=1.0).contains(&score) {
        return Err(format!("gave the score {score}, expected 0 to 1"));
    }
    let why = value.get("why").and_then(Value::as_str).filter(|w| !w.is_empty());
    Ok(Said { score, pass, why: why.map(|w| cut(w, MAX_WHY, mask)) })
}

/// A text without control characters and secrets, cut.
fn cut(text: &str, most: usize, mask: &Mask) -> String {
    let whole = mask.text(plain(&mask.text(text.to_owned())));
    mask.cut_text(whole.chars().take(most).collect())
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn program(script: &str, timeout_s: f64) -> Program {
        Program::new(&ScorerProgram {
            run: vec!["sh".into(), "-c".into(), script.into()],
            timeout_s,
            memory_bytes: 1 << 30,
            env: Vec::new(),
            jobs: 1,
        })
    }

    fn ask(script: &str, timeout_s: f64) -> Result<Said, String> {
        program(script, timeout_s).ask("an answer", &Case::default())
    }

    #[test]
    fn one_process_answers_many() {
        // Answers with its own process id as the reason: it must stay the same.
        let script = r#"n=0; while read -r l; do n=$((n+1)); echo "{\"id\": $n, \"score\": 0.5, \"why\": \"$$\"}"; done"#;
        let program = program(script, 10.0);
        let first = program.ask("a", &Case::default()).unwrap();
        let second = program.ask("b", &Case::default()).unwrap();
        assert_eq!((first.score, first.pass), (0.5, None));
        assert_eq!(first.why, second.why);
    }

    #[test]
    fn hanging_flooding_and_dying_programs_fail() {
        for (script, timeout, words) in [
            ("sleep 60", 0.3, "within 0.3 s and was killed"),
            ("read l; yes '{\"id\": 0}'", 5.0, "100 lines without the id"),
            ("read l; head -c 200000 /dev/zero | tr '\\0' x", 5.0, "more than 64 KiB"),
            ("echo oh no >&2; exit 3", 5.0, "oh no"),
            ("read l; echo hello", 5.0, "not JSON"),
            ("read l; echo '{\"id\": 1}'", 5.0, "neither 'score' nor 'pass'"),
            ("read l; echo '{\"id\": 1, \"score\": 7}'", 5.0, "expected 0 to 1"),
        ] {
            let why = ask(script, timeout).unwrap_err();
            assert!(why.contains(words), "{script}: {why}");
        }
        let missing = Program::new(&ScorerProgram {
            run: vec!["/nowhere/scorer".into()],
            timeout_s: 1.0,
            ..ScorerProgram::default()
        });
        assert!(missing.ask("", &Case::default()).unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn it_is_not_started_for_ever() {
        let program = program("exit 1", 5.0);
        for _ in 0..3 {
            assert!(program.ask("", &Case::default()).is_err());
        }
        assert!(program.ask("", &Case::default()).unwrap_err().contains("3 times in a row"));
    }

    #[test]
    fn what_it_is_given_in_secret_is_struck_out() {
        const SECRET: &str = "sk-canary-0123456789-abcdef";
        for (script, words) in [
            (format!("read l; echo '{{\"id\": 1, \"score\": 1, \"why\": \"key {SECRET}!\"}}'"), "key ***!"),
            (format!("read l; echo 'key {SECRET}'"), "key ***"),
            (format!("read l; printf '%0.sx' $(seq 68); echo '{SECRET}'"), "***"),
            ("read l; printf 'sk-canary\\001-0123456789-abcdef\\n'".to_owned(), "***"),
            (format!("echo 'key {SECRET}' >&2; exit 1"), "key ***"),
            (format!("(echo 'x{SECRET}'; printf '%0.sx' $(seq 520)) | tr -d '\\n' >&2; exit 1"), "xxx"),
        ] {
            let mut program = program(&script, 10.0);
            program.spec.env = vec!["SCORER_KEY".into()];
            let program = Program::with(&program.spec, |_| Some(SECRET.into()));
            let got = program.ask("an answer", &Case::default());
            let text = got.map_or_else(|why| why.replace(&script, ""), |said| said.why.unwrap());
            assert!(text.contains(words) && !text.contains("canary") && !text.contains("abcdef"), "{text}");
        }
    }

    #[test]
    fn the_environment_is_cleared() {
        let script = r#"read l; if [ -z "$CARGO_MANIFEST_DIR" ] && [ -n "$PATH" ]; then p=true; else p=false; fi; echo "{\"id\": 1, \"pass\": $p}""#;
        assert_eq!(ask(script, 5.0).unwrap().pass, Some(true));
    }
}
