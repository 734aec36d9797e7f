//! Before a run: does this machine have the files and ports that it will take?
//!
//! Main function: [`check`]. What cannot work is an error with its numbers before
//! anything is sent; what may not work is a warning. Must not change a plan.

use crate::exit::Failure;
use acidtest_record::{Amount, Axis, FindSpec, PhaseSpec, RunSpec, Source, TargetSpec, rung};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeSet;

/// Files beside connections: the store, timers, pipes, what libraries open.
const RESERVE: u64 = 64;
/// Files of one measuring thread: its poller, timers and wake-ups.
const FILES_PER_THREAD: u64 = 4;
/// How long the kernel keeps a port back after we closed its connection.
const TIME_WAIT_S: f64 = 60.0;
/// … where it may be used again for another connection.
const REUSE_S: f64 = 1.0;

/// Looks at every phase of a plan; returns warnings.
pub(crate) fn check(spec: &RunSpec) -> Result<Vec<String>, Failure> {
    if let Some(find) = spec.search.as_ref().and_then(|s| Some((s.axis, s.find.as_ref()?))) {
        return check(&highest_rung(spec, find));
    }
    if !acidtest_engine::fits(spec) {
        return Err(Failure::usage("the phases, targets and prompts together need more than 4 billion slots")
            .hint("a closed loop that ends by time sets 10 million aside for each target and prompt: use fewer, or give counts"));
    }
    files(spec)?;
    let ports = Ports::read();
    let mut warnings = Vec::new();
    for target in spec.targets.iter().filter(|t| t.command.is_none()) {
        for phase in &spec.phases {
            match ports.verdict(&Need::of(target, phase)) {
                Verdict::Fine => {}
                Verdict::Warn(words) => warnings.push(words),
                Verdict::Fail(words, hint) => return Err(Failure::usage(words).hint(hint)),
            }
        }
    }
    warnings.dedup();
    Ok(warnings)
}

/// A search as the highest load that it may try.
fn highest_rung(spec: &RunSpec, (axis, find): (Axis, &FindSpec)) -> RunSpec {
    let top = rung(axis, find.to, find.rung_s, find.max_in_flight, axis.name(find.to));
    RunSpec { phases: vec![top], search: None, ..spec.clone() }
}

/// Most requests in flight, and how many begin in a second where the plan says so.
fn demand(phase: &PhaseSpec) -> (u64, Option<f64>) {
    match (phase.load.users(), phase.load.peak_rate()) {
        (Some(users), _) => (u64::from(users), None),
        (None, Some(rate)) => (u64::from(phase.max_in_flight), Some(rate)),
        (None, None) => (0, None),
    }
}

/// Connections to each address that so many requests in flight need at once.
fn at_once(target: &TargetSpec, in_flight: u64) -> u64 {
    let Some(http2) = target.connections.http2 else { return in_flight };
    let addresses = 1 + target.connections.also.len() as u64;
    let most = in_flight.div_ceil(u64::from(http2.streams.max(1))).max(1);
    http2.connections.map_or(most, |n| u64::from(n).min(in_flight)) * addresses
}

/// Raises the limit of open files as far as it goes, and says whether that will do.
fn files(spec: &RunSpec) -> Result<(), Failure> {
    let open = std::fs::read_dir("/proc/self/fd").map_or(16, |list| list.count() as u64);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64).min(64);
    let most = spec.targets.iter().flat_map(|target| {
        spec.phases.iter().map(move |phase| {
            let in_flight = demand(phase).0;
            match &target.command {
                // A program has three pipes.
                Some(c) => 3 * in_flight.min(u64::from(c.processes.max(1)) * threads),
                None => at_once(target, in_flight),
            }
        })
    });
    let needed = most.max().unwrap_or(0) + open + RESERVE + FILES_PER_THREAD * threads;
    let had = getrlimit(Resource::Nofile);
    let (soft, hard) = (had.current.unwrap_or(u64::MAX), had.maximum.unwrap_or(u64::MAX));
    if soft < needed && soft < hard {
        // Some systems have a hard limit that nobody may reach. Where all fails the old limit
        // stays, and is what counts below.
        let raise = |current| setrlimit(Resource::Nofile, Rlimit { current, maximum: had.maximum });
        let _ = raise(had.maximum).or_else(|_| raise(Some(needed.min(hard))));
    }
    enough_files(needed, getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
}

fn enough_files(needed: u64, limit: u64) -> Result<(), Failure> {
    if needed <= limit {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "this process may open {limit} files, and the run needs {needed}: one for each connection, and some of its own"
    ))
    .hint(format!(
        "raise the limit with 'ulimit -n {needed}' (as root, or in /etc/security/limits.conf), or lower the concurrency or --max-in-flight"
    )))
}

/// What one phase takes of a target's ports.
struct Need<'a> {
    target: &'a str,
    phase: &'a str,
    /// Connections open at once, to all addresses.
    at_once: u64,
    /// New connections a second, where the plan says so.
    opens_per_s: Option<f64>,
    /// How long, and how many connections, where the plan says so.
    seconds: Option<f64>,
    opens: Option<f64>,
    /// Different hosts and ports.
    addresses: u64,
    /// Whether all of them are on this machine, and whether all are numbers.
    loopback: bool,
    literal: bool,
}

impl<'a> Need<'a> {
    fn of(target: &'a TargetSpec, phase: &'a PhaseSpec) -> Self {
        let (in_flight, rate) = demand(phase);
        let requests = target.connections.requests.map(|n| f64::from(n.max(1)));
        let (seconds, count) = match phase.amount {
            Amount::Seconds(s) => (Some(s), None),
            Amount::Count(n) => (None, Some(f64::from(n))),
            _ => (None, None),
        };
        let first = match &target.source {
            Source::Url(url) => url.as_str(),
            Source::Sim { .. } => "http://127.0.0.1:1",
        };
        let hosts: BTreeSet<&str> = std::iter::once(first)
            .chain(target.connections.also.iter().map(String::as_str))
            .map(host)
            .collect();
        let ip = |host: &&str| {
            let name = host
                .rsplit_once(':')
                .map_or(*host, |(name, port)| if port.contains(']') { host } else { name });
            match name {
                "localhost" => Some(std::net::IpAddr::from([127, 0, 0, 1])),
                _ => name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok(),
            }
        };
        Self {
            target: &target.name,
            phase: &phase.name,
            at_once: at_once(target, in_flight),
            opens_per_s: rate.zip(requests).map(|(rate, n)| rate / n),
            seconds,
            opens: count.zip(requests).map(|(count, n)| count / n),
            addresses: hosts.len() as u64,
            loopback: hosts.iter().all(|h| ip(h).is_some_and(|ip| ip.is_loopback())),
            literal: hosts.iter().all(|h| ip(h).is_some()),
        }
    }
}

/// Host and port of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The ports from which this machine may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ports {
    /// How many to each address.
    count: u64,
    /// `net.ipv4.tcp_tw_reuse`: 1 everywhere, 2 on this machine.
    reuse: u8,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Warn(String),
    Fail(String, String),
}

impl Ports {
    fn read() -> Self {
        let text =
            |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
        Self::of(&text("ip_local_port_range"), &text("tcp_tw_reuse"))
    }

    /// What the kernel's files say; what they do not say is Linux's default.
    fn of(range: &str, reuse: &str) -> Self {
        let mut ends = range.split_whitespace().filter_map(|n| n.parse::<u64>().ok());
        let count = match (ends.next(), ends.next()) {
            (Some(low), Some(high)) if high >= low => high - low + 1,
            _ => 28_232,
        };
        Self { count, reuse: reuse.trim().parse().unwrap_or(2) }
    }

    fn verdict(self, need: &Need<'_>) -> Verdict {
        let have = self.count * need.addresses;
        let hint = format!(
            "widen net.ipv4.ip_local_port_range ({} ports now), name more addresses, or keep connections alive",
            self.count
        );
        let who = format!("target '{}', phase '{}'", need.target, need.phase);
        let verdict = |certain: bool, words: String| match certain {
            true => Verdict::Fail(words, hint.clone()),
            false => Verdict::Warn(format!("{words}; {hint}")),
        };
        if need.at_once > have {
            let words = format!(
                "{who}: {} connections at once, and {have} local ports to {} address(es)",
                need.at_once, need.addresses
            );
            return verdict(need.literal, words);
        }
        let reused = self.reuse == 1 || (self.reuse == 2 && need.loopback);
        let hold_s = if reused { REUSE_S } else { TIME_WAIT_S };
        if let Some(rate) = need.opens_per_s {
            let seconds = need.seconds.unwrap_or(f64::INFINITY).min(hold_s);
            let taken = (rate * seconds).min(need.opens.unwrap_or(f64::INFINITY));
            if taken > have as f64 {
                let words = format!(
                    "{who}: {rate:.0} new connections a second, each keeping its port for {hold_s:.0} s after it is closed, need {taken:.0} local ports, and there are {have} to {} address(es)",
                    need.addresses
                );
                return verdict(need.literal, words);
            }
        } else if !reused && need.opens.is_some_and(|opens| opens > have as f64) {
            let words = format!(
                "{who}: {:.0} new connections, each keeping its port for {hold_s:.0} s after it is closed, and there are {have} local ports: more than {:.0} a second would find none",
                need.opens.unwrap_or_default(),
                have as f64 / hold_s
            );
            return verdict(false, words);
        }
        Verdict::Fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::{Connections, Http2, Load, Warmup};

    fn phase(load: Load, amount: Amount) -> PhaseSpec {
        PhaseSpec {
            name: "p".into(),
            load,
            amount,
            warmup: Warmup::None,
            max_in_flight: 1000,
            ..PhaseSpec::default()
        }
    }

    fn target(url: &str, connections: Connections) -> TargetSpec {
        TargetSpec { name: "t".into(), source: Source::Url(url.into()), connections, ..TargetSpec::default() }
    }

    const LINUX: Ports = Ports { count: 28_232, reuse: 2 };

    #[test]
    fn files_that_are_missing_are_counted() {
        assert!(enough_files(100, 100).is_ok());
        let error = enough_files(5000, 1024).err().unwrap();
        let text = format!("{error:?}");
        assert!(text.contains("1024 files") && text.contains("ulimit -n 5000"), "{text}");
    }

    #[test]
    fn streams_share_connections() {
        let two = |connections, streams| Connections {
            http2: Some(Http2 { connections, streams }),
            also: vec!["http://b/v1".into()],
            ..Connections::default()
        };
        assert_eq!(at_once(&target("http://a/v1", Connections::default()), 640), 640);
        assert_eq!(at_once(&target("http://a/v1", two(None, 100)), 640), 14);
        assert_eq!(at_once(&target("http://a/v1", two(Some(4), 100)), 640), 8);
    }

    #[test]
    fn the_kernels_own_numbers() {
        assert_eq!(Ports::of("32768\t60999\n", "2\n"), LINUX);
        assert_eq!(Ports::of("", ""), LINUX);
        assert_eq!(Ports::of("5 1", "x"), LINUX);
        assert_eq!(Ports::of("1024 65535", "1").count, 64_512);
    }

    #[test]
    fn ports_that_run_out_are_told_before() {
        let new = || Connections { requests: Some(1), ..Connections::default() };
        let fast = phase(Load::Constant { rate: 1000.0 }, Amount::Seconds(120.0));
        let fails = |target: &TargetSpec, phase: &PhaseSpec, words: &str| {
            let got = LINUX.verdict(&Need::of(target, phase));
            assert!(matches!(&got, Verdict::Fail(w, _) if w.contains(words)), "{words}: {got:?}");
        };
        let warns = |target: &TargetSpec, phase: &PhaseSpec, words: &str| {
            let got = LINUX.verdict(&Need::of(target, phase));
            assert!(matches!(&got, Verdict::Warn(w) if w.contains(words)), "{words}: {got:?}");
        };
        let fine = |target: &TargetSpec, phase: &PhaseSpec| {
            assert_eq!(LINUX.verdict(&Need::of(target, phase)), Verdict::Fine);
        };
        fails(
            &target("http://10.0.0.1:8000/v1", new()),
            &fast,
            "need 60000 local ports, and there are 28232",
        );
        // A name may have several addresses.
        warns(&target("http://host:8000/v1", new()), &fast, "need 60000 local ports");
        // On this machine ports are used again after a second.
        fine(&target("http://127.0.0.1:8000/v1", new()), &fast);
        fine(&target("http://localhost:8000/v1", new()), &fast);
        fine(&target("http://[::1]:8000/v1", new()), &fast);
        fine(&target("http://10.0.0.1:8000/v1", Connections::default()), &fast);
        let ten = Connections { requests: Some(10), ..Connections::default() };
        fine(&target("http://10.0.0.1:8000/v1", ten), &fast);
        let three =
            Connections { also: vec!["http://10.0.0.2/v1".into(), "http://10.0.0.3/v1".into()], ..new() };
        fine(&target("http://10.0.0.1:8000/v1", three), &fast);
        let short = phase(Load::Constant { rate: 1000.0 }, Amount::Count(20_000));
        fine(&target("http://10.0.0.1:8000/v1", new()), &short);
        let closed = phase(Load::Closed { concurrency: 8 }, Amount::Count(100_000));
        warns(&target("http://10.0.0.1:8000/v1", new()), &closed, "more than 471 a second");
        let many = phase(Load::Closed { concurrency: 40_000 }, Amount::Count(100_000));
        fails(
            &target("http://127.0.0.1:8000/v1", Connections::default()),
            &many,
            "40000 connections at once",
        );
    }
}
