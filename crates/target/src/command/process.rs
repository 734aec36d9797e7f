//! One process: started, asked, killed with everything it started.
//!
//! Main types: [`Process`] and [`Graveyard`]. The only place that starts a
//! program. Must not block the measuring thread: pipes are read without waiting,
//! and ends of processes are collected later.

use crate::command::scan;
use crate::exchange::{Times, words};
use crate::failure::Failure;
use crate::seam::Tap;
use crate::transport::fill::Fill;
use crate::transport::socket::Log;
use acidtest_clock::{Received, Zero};
use acidtest_record::{Cause, Ns, Stage};
use memchr::memchr;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, kill_process_group, prlimit, waitid,
};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::time::{Instant, sleep_until};

/// What one read takes at most.
const ROOM: usize = 64 << 10;
/// What is kept of the last words on standard error.
const LAST_WORDS: usize = 4 << 10;
/// What of them is shown in a failure.
const SHOWN_WORDS: usize = 300;

/// How processes are started.
pub(crate) struct Start {
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) folder: PathBuf,
    pub(crate) memory: Option<u64>,
}

/// A program at work or waiting for work.
pub(crate) struct Process {
    group: Group,
    stdin: Option<pipe::Sender>,
    stdout: pipe::Receiver,
    errors: Errors,
    pub(crate) log: Rc<Log>,
    pub(crate) number: u32,
    /// How many requests it was asked.
    pub(crate) served: u64,
    memory: Option<u64>,
    zero: Zero,
}

impl Process {
    /// Starts the program in a process group of its own.
    pub(crate) fn start(start: &Start, number: u32, zero: Zero) -> Result<Self, Failure> {
        let program = &start.command[0];
        let fail = |e: io::Error| {
            Failure::new(Stage::Connect, Cause::Program, format!("cannot start '{program}': {e}"))
        };
        let mut command = Command::new(program);
        command.args(&start.command[1..]).env_clear().envs(start.env.iter().map(|(k, v)| (k, v)));
        if !start.folder.as_os_str().is_empty() {
            command.current_dir(&start.folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(fail)?;
        if let (Some(bytes), Some(pid)) = (start.memory, pid_of(&child)) {
            let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
            // A program that is gone already shows itself at the first read.
            let _ = prlimit(Some(pid), Resource::As, limit);
        }
        match pipes(&mut child) {
            Ok((stdin, stdout, stderr)) => Ok(Self {
                group: Group(child),
                stdin: Some(stdin),
                stdout,
                errors: Errors::read(stderr),
                log: Log::new(zero),
                number,
                served: 0,
                memory: start.memory,
                zero,
            }),
            Err(e) => {
                drop(Group(child));
                Err(fail(e))
            }
        }
    }

    /// Whether it lives and says nothing unasked.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut byte = [0; 1];
        matches!(self.stdout.try_read(&mut byte), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    /// The end of what it wrote to standard error, in one line.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.errors.drain();
        let kept = self.errors.kept.borrow();
        let text = String::from_utf8_lossy(kept.as_slices().0).into_owned()
            + &String::from_utf8_lossy(kept.as_slices().1);
        let text = text.trim();
        let skip = text.chars().count().saturating_sub(SHOWN_WORDS);
        (!text.is_empty()).then(|| text.chars().skip(skip).collect())
    }

    /// How it ended, if it did. Its end is not collected yet: its group is killed first.
    async fn end(&self) -> String {
        // It closed its output: it is given a moment to be gone.
        for _ in 0..50 {
            if let Some(how) = self.group.ended() {
                let limit = self.memory.map(|m| format!(" (memory limit: {m} bytes)")).unwrap_or_default();
                return format!("the program ended with {how}{limit}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        "the program closed its output".to_owned()
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// A program and all that it started. Its end is collected only after the group was
/// killed: until then no other group can have its number.
struct Group(Child);

impl Group {
    fn kill(&self) {
        if let Some(group) = pid_of(&self.0) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// How the program ended, if it did.
    fn ended(&self) -> Option<String> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(pid_of(&self.0)?), options).ok()??;
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Some(format!("exit status {code}")),
            (_, Some(signal)) => Some(format!("signal {signal}")),
            _ => None,
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        // Killed processes are gone at once, unless the system holds them.
        for _ in 0..100 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

type Pipes = (pipe::Sender, pipe::Receiver, pipe::Receiver);

fn pipes(child: &mut Child) -> io::Result<Pipes> {
    let gone = || io::Error::other("it has no pipes");
    let stdin = OwnedFd::from(child.stdin.take().ok_or_else(gone)?);
    let stdout = OwnedFd::from(child.stdout.take().ok_or_else(gone)?);
    let stderr = OwnedFd::from(child.stderr.take().ok_or_else(gone)?);
    Ok((
        pipe::Sender::from_owned_fd(stdin)?,
        pipe::Receiver::from_owned_fd(stdout)?,
        pipe::Receiver::from_owned_fd(stderr)?,
    ))
}

/// Standard error, read all the time so that the program never waits for us.
struct Errors {
    pipe: Rc<pipe::Receiver>,
    kept: Rc<RefCell<VecDeque<u8>>>,
    reader: tokio::task::JoinHandle<()>,
}

impl Errors {
    fn read(pipe: pipe::Receiver) -> Self {
        let (pipe, kept) = (Rc::new(pipe), Rc::new(RefCell::new(VecDeque::new())));
        let (from, into) = (Rc::clone(&pipe), Rc::clone(&kept));
        let reader = tokio::task::spawn_local(async move {
            while from.readable().await.is_ok() {
                if !take(&from, &into) {
                    return;
                }
                // A program that floods must not keep the thread to itself.
                tokio::task::yield_now().await;
            }
        });
        Self { pipe, kept, reader }
    }

    /// Takes what is there right now.
    fn drain(&self) {
        for _ in 0..16 {
            if !take(&self.pipe, &self.kept) {
                return;
            }
        }
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads once; says whether there may be more.
fn take(pipe: &pipe::Receiver, kept: &RefCell<VecDeque<u8>>) -> bool {
    let mut buffer = [0; LAST_WORDS];
    match pipe.try_read(&mut buffer) {
        Ok(0) => false,
        Ok(n) => {
            let mut kept = kept.borrow_mut();
            kept.extend(&buffer[..n]);
            let over = kept.len().saturating_sub(LAST_WORDS);
            kept.drain(..over);
            true
        }
        Err(e) => e.kind() == io::ErrorKind::WouldBlock,
    }
}

/// A process in the hands of an attempt; buried when the attempt is dropped.
pub(crate) struct Held<'g> {
    process: Option<Process>,
    graveyard: &'g Graveyard,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            self.graveyard.bury(process);
        }
    }
}

impl<'g> Held<'g> {
    pub(crate) fn new(process: Process, graveyard: &'g Graveyard) -> Self {
        Self { process: Some(process), graveyard }
    }

    pub(crate) fn release(mut self) -> Process {
        self.process.take().expect("it is taken once")
    }

    /// Writes a request's line and reads until its last answer line; gives when that was.
    pub(crate) async fn ask(
        &mut self,
        line: &[u8],
        id: u64,
        close: bool,
        times: &Times,
        total_due: Ns,
        tap: &mut dyn Tap,
    ) -> Result<Ns, Failure> {
        let process = self.process.as_mut().expect("it is taken at the end");
        process.log.begin();
        process.served += 1;
        let fill = Fill::new(tap, process.log.clone());
        let id = id.to_string();
        let mut talk =
            Talk { process, times, total_due, id, unsent: line, close, line: Vec::new(), bytes: 0, lines: 0 };
        talk.run(fill).await
    }
}

/// One request and its answer.
struct Talk<'p> {
    process: &'p mut Process,
    times: &'p Times,
    total_due: Ns,
    id: String,
    unsent: &'p [u8],
    /// Whether standard input is closed after the request.
    close: bool,
    /// The line that is not whole yet.
    line: Vec<u8>,
    bytes: u64,
    lines: u64,
}

impl Talk<'_> {
    fn now(&self) -> Ns {
        Ns(self.process.zero.now())
    }

    async fn run(&mut self, mut fill: Fill<'_>) -> Result<Ns, Failure> {
        let mut alive = self.now();
        let mut buffer = vec![0; ROOM];
        loop {
            match self.write(&mut alive) {
                Ok(()) => {}
                Err(Some(failure)) => return Err(failure),
                Err(None) => return Err(self.gone().await),
            }
            let before = self.now();
            match self.process.stdout.try_read(&mut buffer) {
                Ok(0) => return Err(self.gone().await),
                Ok(n) => {
                    self.process.log.read(before, Received { bytes: n, stamp: None }, ROOM, false);
                    self.process.log.answering();
                    let latest = self.process.log.latest();
                    let at = latest.at;
                    alive = at;
                    fill.push(&buffer[..n], latest);
                    if self.saw(&buffer[..n])? {
                        return Ok(at);
                    }
                    self.in_time(at, alive)?;
                    // A program that floods must not keep the thread to itself.
                    tokio::task::yield_now().await;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(alive, &fill).await;
                    let now = self.now();
                    fill.hand_over_if_due(now);
                    self.in_time(now, alive)?;
                }
                Err(e) => return Err(self.broken(&format!("cannot read its output: {e}"))),
            }
        }
    }

    /// Writes as much as the program takes now; no failure means that it is gone.
    fn write(&mut self, alive: &mut Ns) -> Result<(), Option<Failure>> {
        while !self.unsent.is_empty() {
            let before = self.now();
            let Some(stdin) = &self.process.stdin else {
                return Err(Some(self.broken("its input is closed")));
            };
            match stdin.try_write(self.unsent) {
                Ok(n) => {
                    self.process.log.wrote(before);
                    self.unsent = &self.unsent[n..];
                    *alive = self.now();
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Err(None),
                Err(e) => return Err(Some(self.broken(&format!("cannot write to it: {e}")))),
            }
            if self.unsent.is_empty() {
                self.process.log.flushed();
                if self.close {
                    self.process.stdin = None;
                }
            }
        }
        Ok(())
    }

    /// Waits until a pipe moves or a limit passes.
    async fn wait(&self, alive: Ns, fill: &Fill<'_>) {
        let due = self.total_due.min(alive + self.limit());
        let due = fill.due().map_or(due, |f| f.min(due));
        let writable = async {
            match &self.process.stdin {
                Some(stdin) if !self.unsent.is_empty() => drop(stdin.ready(Interest::WRITABLE).await),
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.process.stdout.readable() => {}
            () = writable => {}
            () = sleep_until(Instant::from_std(self.process.zero.instant(due.0))) => {}
        }
    }

    /// The limit that holds now: for the first byte, then between bytes.
    fn limit(&self) -> Ns {
        if self.bytes == 0 { self.times.first_byte } else { self.times.gap }
    }

    fn in_time(&self, now: Ns, alive: Ns) -> Result<(), Failure> {
        let stage = self.stage();
        if now >= self.total_due {
            let detail = format!("total limit of {}", words(self.times.total));
            return Err(Failure::new(stage, Cause::Timeout, detail));
        }
        if now < alive + self.limit() {
            return Ok(());
        }
        let limit = words(self.limit());
        Err(match self.bytes {
            0 => Failure::new(
                stage,
                Cause::Timeout,
                format!("no output within the first-byte limit of {limit}"),
            ),
            _ => Failure::new(stage, Cause::Stalled, format!("no output within the gap limit of {limit}")),
        })
    }

    /// Takes bytes of the answer; says whether its last line is among them.
    fn saw(&mut self, mut bytes: &[u8]) -> Result<bool, Failure> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.times.body {
            let detail = format!("output is larger than our limit of {} bytes", self.times.body);
            return Err(Failure::new(Stage::Body, Cause::TooLarge, detail));
        }
        while let Some(end) = memchr(b'\n', bytes) {
            self.line.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            self.lines += 1;
            if !self.look(&line)? {
                continue;
            }
            if !bytes.trim_ascii().is_empty() {
                return Err(self.malformed("there is more output after the answer's last line"));
            }
            return Ok(true);
        }
        self.line.extend_from_slice(bytes);
        Ok(false)
    }

    fn look(&self, line: &[u8]) -> Result<bool, Failure> {
        let shown =
            || String::from_utf8_lossy(&line[..line.len().min(400)]).chars().take(100).collect::<String>();
        let Some(seen) = scan::look(line) else {
            return Err(self.malformed(&format!("line {} is not a JSON object: {}", self.lines, shown())));
        };
        if seen.id.is_some_and(|id| id != self.id.as_bytes()) {
            let what = format!(
                "line {} answers another request, expected id \"{}\": {}",
                self.lines,
                self.id,
                shown()
            );
            return Err(self.malformed(&what));
        }
        Ok(seen.last)
    }

    fn stage(&self) -> Stage {
        match self.bytes {
            0 if !self.unsent.is_empty() => Stage::Send,
            0 => Stage::Head,
            _ => Stage::Body,
        }
    }

    fn malformed(&self, what: &str) -> Failure {
        Failure::new(Stage::Body, Cause::Malformed, what)
    }

    fn broken(&self, what: &str) -> Failure {
        Failure::new(self.stage(), Cause::Program, what)
    }

    /// The program's output is over before the answer is.
    async fn gone(&self) -> Failure {
        let how = self.process.end().await;
        let lines = self.lines;
        self.broken(&format!("{how}, before its answer was whole ({lines} lines came)"))
    }
}

/// Processes that were killed and whose ends are not collected yet.
#[derive(Default)]
pub(crate) struct Graveyard(RefCell<Vec<Group>>);

impl Graveyard {
    /// Kills a process and everything in its group.
    pub(crate) fn bury(&self, process: Process) {
        process.group.kill();
        self.0.borrow_mut().push(process.group);
        self.tidy();
    }

    /// Collects ends.
    pub(crate) fn tidy(&self) {
        self.0.borrow_mut().retain_mut(|group| group.ended().is_none());
    }
}
