//! What is looked at beside a run: this machine, server processes, servers' own metrics.
//!
//! ```text
//!  a thread of its own:  every so many seconds ── /proc ─► Readings ─┐
//!                        the same ── GET /metrics ─► parse ─► Readings ─► sender of Items (never waits)
//! ```
//!
//! Main types: [`Observing`], what to look at, and [`Observer`], the thread. It never runs on a
//! measuring thread, never stops a run, and what it cannot hand over it counts.

use acidtest_clock::Zero;
use acidtest_clock::machine::{Machine, Processes, own_cpu_s, own_memory};
use acidtest_record::observe::{
    CLIENT, CPU, GONE, HOST, MEM, NET_LOOPBACK, NET_RX, NET_TX, ObserveSpec, SCRAPE_FAILED, SCRAPE_LEFT_OUT,
    SCRAPE_TIME, SCRAPE_WHY, SERVER, scrape_source,
};
use acidtest_record::{Fact, Item, Ns, Reading, ServerGauge};
use acidtest_target::{Page, PageError, PageLimits};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Longest wait for a server's metrics.
const SCRAPE_TIME_LIMIT: Duration = Duration::from_secs(5);
/// Largest page of metrics.
const SCRAPE_BYTES: usize = 10 << 20;
/// Most series of a page that are kept besides those with a known meaning.
const MOST_SERIES: usize = 100;
/// Most series of a page with a known meaning.
const MOST_KNOWN: usize = 64;
/// Most readings of a run of series without a known meaning.
const MOST_OTHERS: u64 = 500_000;
/// Two readings of the machine are at least so far apart: shorter, and ticks are too coarse.
const LEAST_GAP_NS: i64 = 100_000_000;

/// A sample of a page: its series in one line, and its value.
pub type Seen = (String, f64);
/// Turns a page into samples; absent when it is none.
pub type Parse = fn(&[u8]) -> Option<Vec<Seen>>;

/// What to look at.
pub struct Observing {
    /// As it was asked for; pages are in `pages`.
    pub spec: ObserveSpec,
    /// Addresses of metrics.
    pub pages: Vec<String>,
    /// Reads a page.
    pub parse: Parse,
    /// The run's clock.
    pub zero: Zero,
    /// Its number.
    pub clock_no: u16,
    /// Where readings go.
    pub out: SyncSender<Item>,
}

/// Why something cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// No such process.
    #[error("there is no process {0} that can be read on this machine")]
    NoProcess(u32),
    /// An address that cannot be used.
    #[error("cannot scrape '{url}': {why}")]
    Page {
        /// The address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The system gives no thread.
    #[error("cannot start the thread that takes readings")]
    Thread(#[source] std::io::Error),
}

/// The addresses of a plan: [`acidtest_record::observe::SCRAPE_TARGETS`] is `/metrics` beside
/// each target, once for each host.
///
/// # Errors
/// A target's address has none.
pub fn pages(spec: &ObserveSpec, targets: &[String]) -> Result<Vec<String>, PageError> {
    let mut all: Vec<String> = Vec::new();
    for wanted in &spec.scrape {
        let found = match wanted.as_str() {
            acidtest_record::observe::SCRAPE_TARGETS => {
                targets.iter().map(|t| Page::metrics_beside(t)).collect::<Result<Vec<_>, _>>()?
            }
            url => vec![url.to_owned()],
        };
        for url in found {
            if !all.contains(&url) {
                all.push(url);
            }
        }
    }
    Ok(all)
}

/// Fetches a page once, before a run: an address that is wrong is found now and not in the end.
///
/// # Errors
/// It cannot be fetched, or holds no sample.
pub fn try_page(url: &str, parse: Parse) -> Result<(), ObserveError> {
    let bad = |why: String| ObserveError::Page { url: url.to_owned(), why };
    let mut page = Page::new(url).map_err(|e| bad(e.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(ObserveError::Thread)?;
    let limits = PageLimits { time: SCRAPE_TIME_LIMIT, bytes: SCRAPE_BYTES };
    let body = tokio::task::LocalSet::new().block_on(&runtime, page.get(limits)).map_err(bad);
    runtime.shutdown_background();
    let body = body?;
    match parse(&body) {
        Some(_) => Ok(()),
        None => Err(bad("it is no page of Prometheus metrics".to_owned())),
    }
}

/// A thread that takes readings until it is dropped.
pub struct Observer {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Observer {
    /// Starts it.
    ///
    /// # Errors
    /// A process does not exist, an address cannot be used, or there is no thread.
    pub fn start(what: Observing) -> Result<Self, ObserveError> {
        let processes = Processes::watch(&what.spec.server_pids).map_err(ObserveError::NoProcess)?;
        for url in &what.pages {
            Page::new(url).map_err(|e| ObserveError::Page { url: url.clone(), why: e.to_string() })?;
        }
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ObserveError::Thread)?;
        let thread = std::thread::Builder::new().name("observe".to_owned());
        let thread = thread
            .spawn(move || {
                tokio::task::LocalSet::new().block_on(&runtime, observe(what, processes, stopped));
                // A name that is still being looked up is nobody's any more.
                runtime.shutdown_background();
            })
            .map_err(ObserveError::Thread)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // Nothing that it does may cost the run.
            let _ = thread.join();
        }
    }
}

/// Where readings go; shared by what runs on the thread.
struct Notes {
    zero: Zero,
    clock_no: u16,
    out: SyncSender<Item>,
}

impl Notes {
    /// All of one round have one moment, so that they can be put together again.
    fn note(&self, at: i64, source: &str, name: &str, value: f64) {
        // What is no number cannot be stored; a full queue means that records are waiting.
        if value.is_finite() {
            let at = Ns(at);
            let (source, name) = (source.to_owned(), name.to_owned());
            let _ =
                self.out.try_send(Item::Reading(Reading { clock: self.clock_no, at, source, name, value }));
        }
    }
}

async fn observe(what: Observing, processes: Processes, mut stopped: watch::Receiver<bool>) {
    let Observing { spec, pages, parse, zero, clock_no, out } = what;
    let notes = Rc::new(Notes { zero, clock_no, out });
    let every = Duration::from_secs_f64(spec.every_s.clamp(0.1, 3600.0));
    let left = Rc::new(RefCell::new(MOST_OTHERS));
    for (number, url) in pages.iter().enumerate() {
        if let Ok(page) = Page::new(url) {
            let scraped = Scraped::new(page, scrape_source(number), parse, notes.clone(), left.clone());
            tokio::task::spawn_local(scraped.go_on(every));
        }
    }
    let mut host = Host::new(spec.host, processes, notes);
    let mut ticks = ticks(every);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            _ = ticks.tick() => host.read(),
        }
    }
    // What the run ended with: a short one would have nothing else.
    host.read();
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// This machine, our own process, and the server's.
struct Host {
    is_wanted: bool,
    processes: Processes,
    notes: Rc<Notes>,
    cores: f64,
    before: Before,
}

/// What counters said last.
struct Before {
    at: i64,
    machine: Machine,
    own_cpu_s: Option<f64>,
}

impl Host {
    fn new(is_wanted: bool, mut processes: Processes, notes: Rc<Notes>) -> Self {
        processes.snapshot();
        let before = Before { at: notes.zero.now(), machine: Machine::read(), own_cpu_s: own_cpu_s() };
        Self { is_wanted, processes, notes, cores: Machine::cores() as f64, before }
    }

    fn read(&mut self) {
        let now = Before { at: self.notes.zero.now(), machine: Machine::read(), own_cpu_s: own_cpu_s() };
        if now.at - self.before.at < LEAST_GAP_NS {
            return;
        }
        let seconds = (now.at - self.before.at) as f64 / 1e9;
        let note = |source, name, value: Option<f64>| {
            if let Some(value) = value {
                self.notes.note(now.at, source, name, value);
            }
        };
        if self.is_wanted {
            let cpu = now.machine.cpu.zip(self.before.machine.cpu);
            note(HOST, CPU, cpu.and_then(|(now, before)| now.share_since(&before)));
            note(HOST, MEM, now.machine.memory.map(|bytes| bytes as f64));
            if let Some((now, before)) = now.machine.network.zip(self.before.machine.network) {
                let rate = |now: u64, before: u64| Some(now.checked_sub(before)? as f64 / seconds);
                note(HOST, NET_RX, rate(now.received, before.received));
                note(HOST, NET_TX, rate(now.sent, before.sent));
                note(HOST, NET_LOOPBACK, rate(now.loopback, before.loopback));
            }
            let own = now.own_cpu_s.zip(self.before.own_cpu_s);
            note(CLIENT, CPU, own.map(|(now, before)| (now - before).max(0.0) / (seconds * self.cores)));
            note(CLIENT, MEM, own_memory().map(|bytes| bytes as f64));
        }
        let snapshot = self.processes.snapshot();
        if let Some(used) = snapshot.used {
            note(SERVER, CPU, Some(used.cpu_s / (seconds * self.cores)));
            note(SERVER, MEM, Some(used.memory as f64));
        }
        for pid in snapshot.gone {
            note(SERVER, GONE, Some(f64::from(pid)));
        }
        self.before = now;
    }
}

/// A page of metrics.
struct Scraped {
    page: Page,
    source: String,
    parse: Parse,
    notes: Rc<Notes>,
    /// Readings of series without a known meaning that are left to the run.
    left: Rc<RefCell<u64>>,
    /// Those series with what they said last.
    others: BTreeMap<String, f64>,
    known: BTreeSet<String>,
    left_out: BTreeSet<u64>,
    has_failed: bool,
}

impl Scraped {
    fn new(page: Page, source: String, parse: Parse, notes: Rc<Notes>, left: Rc<RefCell<u64>>) -> Self {
        let (others, known, left_out) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { page, source, parse, notes, left, others, known, left_out, has_failed: false }
    }

    async fn go_on(mut self, every: Duration) {
        let limits = PageLimits {
            time: SCRAPE_TIME_LIMIT.min(every.max(Duration::from_millis(500))),
            bytes: SCRAPE_BYTES,
        };
        let mut ticks = ticks(every);
        loop {
            ticks.tick().await;
            let from = self.notes.zero.now();
            let body = self.page.get(limits).await;
            let took = (self.notes.zero.now() - from) as f64 / 1e9;
            let seen = body.and_then(|body| {
                (self.parse)(&body).ok_or_else(|| "it is no page of Prometheus metrics".to_owned())
            });
            match seen {
                Ok(seen) => {
                    let at = self.notes.zero.now();
                    self.notes.note(at, &self.source, SCRAPE_TIME, took);
                    self.keep(at, seen);
                }
                Err(why) => self.failed(&why),
            }
        }
    }

    /// Each failure is counted; the first says why.
    fn failed(&mut self, why: &str) {
        self.notes.note(self.notes.zero.now(), &self.source, SCRAPE_FAILED, 1.0);
        if !std::mem::replace(&mut self.has_failed, true) {
            let value: String =
                why.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect();
            let source = self.source.clone();
            let fact = Fact { name: SCRAPE_WHY.to_owned(), value, source, hash: None };
            let _ = self.notes.out.try_send(Item::Fact(fact));
        }
    }

    /// Known gauges each time; others when they say something new, and no buckets.
    fn keep(&mut self, at: i64, seen: Vec<Seen>) {
        for (series, value) in seen {
            if ServerGauge::of(&series).is_some() {
                if self.known.contains(&series) || self.known.len() < MOST_KNOWN {
                    self.notes.note(at, &self.source, &series, value);
                    self.known.insert(series);
                }
                continue;
            }
            if series.split('{').next().is_some_and(|name| name.ends_with("_bucket")) {
                continue;
            }
            match self.others.get(&series) {
                Some(before) if *before == value => continue,
                Some(_) => {}
                None if self.others.len() < MOST_SERIES => {}
                None => {
                    self.leave_out(at, &series);
                    continue;
                }
            }
            let mut left = self.left.borrow_mut();
            if *left > 0 && value.is_finite() {
                *left -= 1;
                self.notes.note(at, &self.source, &series, value);
                self.others.insert(series, value);
            }
        }
    }

    /// Says how many series are not kept, whenever there are more of them.
    fn leave_out(&mut self, at: i64, series: &str) {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        series.hash(&mut hasher);
        if self.left_out.len() < 100_000 && self.left_out.insert(hasher.finish()) {
            let n = self.left_out.len();
            // The first, then each time that there are twice as many: a few readings in all.
            if n.is_power_of_two() {
                self.notes.note(at, &self.source, SCRAPE_LEFT_OUT, n as f64);
            }
        }
    }
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
