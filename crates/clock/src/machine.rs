//! What the machine and its processes are doing: CPU, memory, network.
//!
//! ```text
//!  Machine::read ── a snapshot of /proc: busy and idle time, memory, bytes of interfaces
//!  Processes ────── the same of some processes and their children
//! ```
//!
//! Main types: [`Machine`], [`Processes`]. Only Linux says so much in a few small files;
//! elsewhere every answer is absent. All of it takes milliseconds: never on a measuring thread.

use std::collections::{BTreeMap, BTreeSet};

/// Most processes of one tree that are read.
const MOST_PROCESSES: usize = 4096;
/// Snapshots between two looks for new children: looking goes through all of /proc.
const LOOK_EVERY: u32 = 5;

/// A snapshot of the machine; counters count since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Machine {
    /// Time in which cores worked, in ticks, and all time of all cores.
    pub cpu: Option<Busy>,
    /// Bytes of memory in use: all but what could be had without swapping.
    pub memory: Option<u64>,
    /// Bytes through network interfaces.
    pub network: Option<Network>,
}

/// Ticks of all cores together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Busy {
    /// In which they worked.
    pub busy: u64,
    /// All of them.
    pub all: u64,
}

impl Busy {
    /// Share of the time since `before` in which cores worked; absent where no tick has passed.
    #[must_use]
    pub fn share_since(&self, before: &Busy) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        Some((self.busy.saturating_sub(before.busy) as f64 / all as f64).min(1.0))
    }
}

/// Bytes through network interfaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Network {
    /// Received, without the loopback.
    pub received: u64,
    /// Sent, without the loopback.
    pub sent: u64,
    /// Sent over the loopback.
    pub loopback: u64,
}

impl Machine {
    /// Reads it now.
    #[must_use]
    pub fn read() -> Self {
        let of =
            |path: &str| if cfg!(target_os = "linux") { std::fs::read_to_string(path).ok() } else { None };
        Self {
            cpu: of("/proc/stat").and_then(|text| cpu(&text)),
            memory: of("/proc/meminfo").and_then(|text| memory(&text)),
            network: of("/proc/net/dev").and_then(|text| network(&text)),
        }
    }

    /// Cores that a process may use at most.
    #[must_use]
    pub fn cores() -> usize {
        let online = std::fs::read_to_string("/proc/stat").ok().map(|text| {
            text.lines()
                .filter(|l| l.starts_with("cpu") && l[3..].starts_with(|c: char| c.is_ascii_digit()))
                .count()
        });
        let known = online.filter(|n| *n > 0);
        known.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

/// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`: guests are in user.
fn cpu(text: &str) -> Option<Busy> {
    let line = text.lines().find(|l| l.starts_with("cpu "))?;
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().skip(1).take(8).map_while(|n| n.parse().ok()).collect();
    let idle = ticks.get(3)?.saturating_add(ticks.get(4).copied().unwrap_or(0));
    let all = ticks.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    Some(Busy { busy: all.saturating_sub(idle), all })
}

fn memory(text: &str) -> Option<u64> {
    let of = |key: &str| -> Option<u64> {
        let line = text.lines().find(|l| l.starts_with(key))?;
        line[key.len()..].split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
    };
    of("MemTotal:")?.checked_sub(of("MemAvailable:")?)
}

fn network(text: &str) -> Option<Network> {
    let mut all = Network::default();
    for line in text.lines().skip(2) {
        let (name, rest) = line.split_once(':')?;
        let numbers: Vec<u64> = rest.split_ascii_whitespace().map_while(|n| n.parse().ok()).collect();
        let (received, sent) = (numbers.first()?, numbers.get(8)?);
        if name.trim() == "lo" {
            all.loopback = all.loopback.saturating_add(*sent);
        } else {
            all.received = all.received.saturating_add(*received);
            all.sent = all.sent.saturating_add(*sent);
        }
    }
    Some(all)
}

/// What processes used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    /// CPU seconds since the snapshot before, by those that were there then or began since.
    pub cpu_s: f64,
    /// Bytes of memory that are in use now; shared pages count in each.
    pub memory: u64,
}

/// One process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    parent: u32,
    /// CPU time in ticks.
    ticks: u64,
    /// When it began, in ticks since the machine did: tells one of the same id apart.
    began: u64,
    pages: u64,
}

/// A snapshot that goes on from the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// What all that live used; absent when none does.
    pub used: Option<Used>,
    /// Watched processes that were found to have ended, once each.
    pub gone: Vec<u32>,
}

/// Some processes of this machine and their children.
#[derive(Debug)]
pub struct Processes {
    /// Those that were asked for and live, with when they began.
    watched: BTreeMap<u32, u64>,
    known: BTreeMap<u32, Process>,
    turn: u32,
    tick_s: f64,
    page: u64,
}

impl Processes {
    /// Watches processes.
    ///
    /// # Errors
    /// The first that does not exist or cannot be read.
    pub fn watch(pids: &[u32]) -> Result<Self, u32> {
        let mut all = Self {
            watched: BTreeMap::new(),
            known: BTreeMap::new(),
            turn: 0,
            tick_s: tick_s(),
            page: page(),
        };
        for pid in pids {
            let process = process(*pid).ok_or(*pid)?;
            all.watched.insert(*pid, process.began);
        }
        all.snapshot();
        Ok(all)
    }

    /// What they used since the last call.
    pub fn snapshot(&mut self) -> Snapshot {
        let gone: Vec<u32> = self
            .watched
            .iter()
            .filter(|(pid, began)| process(**pid).is_none_or(|p| p.began != **began))
            .map(|(pid, _)| *pid)
            .collect();
        for pid in &gone {
            self.watched.remove(pid);
        }
        if self.watched.is_empty() {
            return Snapshot { used: None, gone };
        }
        let now: BTreeMap<u32, Process> =
            self.members().into_iter().filter_map(|pid| Some((pid, process(pid)?))).collect();
        let is_first = self.turn == 0;
        self.turn = self.turn.wrapping_add(1).max(1);
        let mut ticks = 0u64;
        for (pid, process) in &now {
            let before = self.known.get(pid).filter(|b| b.began == process.began);
            // A child that is new has used all of its time since the last look, or nearly.
            let counted = before.map_or(if is_first { process.ticks } else { 0 }, |b| b.ticks);
            ticks = ticks.saturating_add(process.ticks.saturating_sub(counted));
        }
        let pages = now.values().fold(0u64, |sum, p| sum.saturating_add(p.pages));
        self.known = now;
        let used = Used { cpu_s: ticks as f64 * self.tick_s, memory: pages.saturating_mul(self.page) };
        Snapshot { used: Some(used), gone }
    }

    /// The watched processes and what descends from them.
    fn members(&self) -> BTreeSet<u32> {
        let mut members: BTreeSet<u32> = self.watched.keys().copied().collect();
        if !self.turn.is_multiple_of(LOOK_EVERY) {
            members.extend(self.known.keys());
            return members;
        }
        let parents: Vec<(u32, u32)> =
            all_pids().filter_map(|pid| Some((pid, process(pid)?.parent))).collect();
        loop {
            let found: Vec<u32> = parents
                .iter()
                .filter(|(pid, parent)| members.contains(parent) && !members.contains(pid))
                .map(|(pid, _)| *pid)
                .collect();
            if found.is_empty() || members.len() >= MOST_PROCESSES {
                return members;
            }
            members.extend(found);
        }
    }
}

fn all_pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|e| e.file_name().to_str()?.parse().ok()).take(1 << 16)
}

fn process(pid: u32) -> Option<Process> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_process(&String::from_utf8_lossy(&text))
}

/// `pid (name) state ppid …`: the name may hold anything, parentheses and blanks too. One that
/// has ended and is not yet buried counts as ended.
fn parse_process(text: &str) -> Option<Process> {
    let rest = &text[text.rfind(')')? + 1..];
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let number = |i: usize| fields.get(i)?.parse::<u64>().ok();
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        ticks: number(11)?.saturating_add(number(12)?),
        began: number(19)?,
        pages: number(21)?,
    })
}

/// CPU seconds that our own process has used.
#[cfg(unix)]
#[must_use]
pub fn own_cpu_s() -> Option<f64> {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(t.tv_sec as f64 + t.tv_nsec as f64 / 1e9)
}

/// CPU seconds that our own process has used: not known here.
#[cfg(not(unix))]
#[must_use]
pub fn own_cpu_s() -> Option<f64> {
    None
}

/// Bytes of memory that our own process has in use.
#[must_use]
pub fn own_memory() -> Option<u64> {
    process(std::process::id())?.pages.checked_mul(page())
}

#[cfg(target_os = "linux")]
fn tick_s() -> f64 {
    1.0 / (rustix::param::clock_ticks_per_second().max(1) as f64)
}

#[cfg(target_os = "linux")]
fn page() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(not(target_os = "linux"))]
fn tick_s() -> f64 {
    0.01
}

#[cfg(not(target_os = "linux"))]
fn page() -> u64 {
    4096
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_not_counted_twice_and_waiting_is_idle() {
        let busy = cpu("cpu  10 5 5 70 10 0 0 0 99 99\ncpu0 1 1 1 1\n").unwrap();
        assert_eq!(busy, Busy { busy: 20, all: 100 });
        let later = Busy { busy: 70, all: 200 };
        assert_eq!(later.share_since(&busy), Some(0.5));
        assert_eq!(busy.share_since(&busy), None, "no tick passed");
        assert_eq!(busy.share_since(&later), None, "a counter that went back");
        assert_eq!(cpu("cpu  a b"), None);
    }

    #[test]
    fn memory_in_use_is_what_is_not_available() {
        let text = "MemTotal:  100 kB\nMemFree:  10 kB\nMemAvailable:   40 kB\n";
        assert_eq!(memory(text), Some(60 * 1024));
        assert_eq!(memory("MemTotal: 100 kB\n"), None);
        assert_eq!(memory("MemTotal: 1 kB\nMemAvailable: 2 kB\n"), None);
    }

    #[test]
    fn the_loopback_is_apart() {
        let text = "Inter-|  Receive  | Transmit\n face |bytes\n    lo: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n  \
                    eth0: 100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\n  wlan0:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n";
        assert_eq!(network(text), Some(Network { received: 101, sent: 52, loopback: 7 }));
        assert_eq!(network("a\nb\nnonsense"), None);
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let text = "7 (a) b (c d) S 1 7 7 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 9 0 555 1000 77 x";
        let found = Process { parent: 1, ticks: 42, began: 555, pages: 77 };
        assert_eq!(parse_process(text), Some(found));
        assert_eq!(parse_process(&text.replace(" S ", " Z ")), None, "ended");
        for bad in ["", "7 (a", "7 (a) S", "7 (a) S 1 2 3"] {
            assert_eq!(parse_process(bad), None, "{bad}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_followed_until_it_ends() {
        assert!(Processes::watch(&[u32::MAX]).is_err());
        let mut shell = std::process::Command::new("sh");
        let mut child = shell.args(["-c", "read x"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mut watched = Processes::watch(&[child.id()]).unwrap();
        // A process that has just begun may have nothing yet.
        let has_memory = (0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            let snapshot = watched.snapshot();
            assert!(snapshot.gone.is_empty());
            snapshot.used.is_some_and(|u| u.memory > 0)
        });
        assert!(has_memory);
        drop(child.stdin.take());
        child.wait().unwrap();
        let last = watched.snapshot();
        assert_eq!((last.used, last.gone), (None, vec![child.id()]));
        assert_eq!(watched.snapshot().gone, Vec::<u32>::new(), "said once");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_says_something() {
        let machine = Machine::read();
        assert!(machine.cpu.is_some_and(|c| c.all > 0 && c.busy <= c.all));
        assert!(machine.memory.is_some_and(|m| m > 0) && Machine::cores() > 0);
        assert!(own_memory().is_some_and(|m| m > 1 << 16) && own_cpu_s().is_some_and(|s| s > 0.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_of_a_child_is_its_parents() {
        let burn = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
        let script = format!("read a; sh -c '{burn}; read b'");
        let mut child = std::process::Command::new("sh");
        let mut child = child.args(["-c", &script]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mut watched = Processes::watch(&[child.id()]).unwrap();
        use std::io::Write as _;
        child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        let mut cpu_s = 0.0;
        for _ in 0..100 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            cpu_s += watched.snapshot().used.map_or(0.0, |u| u.cpu_s);
            if cpu_s > 0.0 {
                break;
            }
        }
        drop(child.stdin.take());
        let _ = child.wait();
        assert!(cpu_s > 0.0, "some ticks of a loop of 60000 steps were seen");
    }
}
