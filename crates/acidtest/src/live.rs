//! What a person sees on stderr while a run goes on.
//!
//! Main type: [`Live`]. One line, rewritten in place on a terminal; elsewhere a
//! line now and then. Must not write to stdout.

use acidtest_engine::Control;
use acidtest_report::Lang;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const ON_TERMINAL: Duration = Duration::from_millis(200);
const ELSEWHERE: Duration = Duration::from_secs(10);

/// A thread that prints progress until dropped.
pub(crate) struct Live {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Live {
    /// Starts printing. Nothing is printed when `quiet`.
    pub(crate) fn start(control: &Arc<Control>, quiet: bool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let thread = (!quiet).then(|| {
            let (control, over) = (control.clone(), over.clone());
            std::thread::spawn(move || print_until(&control, &over))
        });
        Self { over, thread }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn print_until(control: &Control, over: &AtomicBool) {
    let terminal = std::io::stderr().is_terminal();
    let every = if terminal { ON_TERMINAL } else { ELSEWHERE };
    let start = Instant::now();
    let mut last = Instant::now();
    while !over.load(Ordering::Relaxed) {
        std::thread::park_timeout(ON_TERMINAL);
        if last.elapsed() < every || over.load(Ordering::Relaxed) {
            continue;
        }
        last = Instant::now();
        let text = line(control, start.elapsed(), crate::lang::lang());
        let mut err = std::io::stderr().lock();
        let _ = if terminal { write!(err, "\r\x1b[2K{text}") } else { writeln!(err, "{text}") };
        let _ = err.flush();
    }
    if terminal {
        let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
    }
}

/// `docent-search · closed 8   57 of 232 · 8 in flight · 2 failed · 31/s · 6 s left`
fn line(control: &Control, elapsed: Duration, lang: Lang) -> String {
    let p = &control.progress;
    let get = |a: &std::sync::atomic::AtomicU64| a.load(Ordering::Relaxed);
    let (planned, failed, not_sent) = (get(&p.planned), get(&p.failed), get(&p.not_sent));
    let in_flight = p.in_flight.load(Ordering::Relaxed);
    let done = get(&p.sent).saturating_sub(u64::from(in_flight)) + not_sent;
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-3);
    let doing = p.doing.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let of = if planned > 0 {
        lang.fill("{n} of {of}", &[("n", &done.to_string()), ("of", &planned.to_string())])
    } else {
        format!("{done}")
    };
    let flying = lang.fill("{n} in flight", &[("n", &in_flight.to_string())]);
    let mut text = format!("{doing}   {of} · {flying}");
    for (n, words) in [(failed, "{n} failed"), (not_sent, "{n} not sent")] {
        if n > 0 {
            text += &format!(" · {}", lang.fill(words, &[("n", &n.to_string())]));
        }
    }
    text += &format!(" · {rate:.1}/s");
    let left = planned.saturating_sub(done);
    if left > 0 && done > 0 {
        let seconds = format!("{:.0}", left as f64 / rate);
        text += &format!(" · {}", lang.fill("{k} s left", &[("k", &seconds)]));
    }
    text += &clock(p, lang);
    if control.stopped().is_some() {
        text += &format!(" · {}", lang.say("stopping"));
    }
    text
}

/// What can be said of our own clock so far: how much is exactly known of arrivals, and whether
/// more than one send in a hundred was late.
fn clock(p: &acidtest_engine::Progress, lang: Lang) -> String {
    let get = |a: &std::sync::atomic::AtomicU64| a.load(Ordering::Relaxed);
    let (events, sent) = (get(&p.events), get(&p.sent));
    let percent = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
    let mut text = String::new();
    if get(&p.stamped) > 0 && events > 0 {
        // Rounded down: only what is wholly exact is called so.
        let exact = (10.0 * percent(events.saturating_sub(get(&p.uncertain)), events)).floor() / 10.0;
        text += &format!(" · {}", lang.fill("{share} % exact", &[("share", &format!("{exact:.1}"))]));
    }
    let late = percent(get(&p.late), sent);
    if late > 1.0 {
        text += &format!(" · {}", lang.fill("{share} % sent late", &[("share", &format!("{late:.1}"))]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_rate_and_time_left() {
        let control = Control::default();
        control.progress.planned.store(100, Ordering::Relaxed);
        control.progress.sent.store(52, Ordering::Relaxed);
        control.progress.in_flight.store(2, Ordering::Relaxed);
        control.progress.failed.store(1, Ordering::Relaxed);
        let text = line(&control, Duration::from_secs(5), Lang::En);
        assert_eq!(text, "   50 of 100 · 2 in flight · 1 failed · 10.0/s · 5 s left");
        let text = line(&control, Duration::from_secs(5), Lang::Ko);
        assert_eq!(text, "   50/100 · 진행 중 2건 · 실패 1건 · 10.0/s · 5초 남음");
        control.progress.events.store(2000, Ordering::Relaxed);
        control.progress.uncertain.store(1, Ordering::Relaxed);
        control.progress.stamped.store(50, Ordering::Relaxed);
        control.progress.late.store(2, Ordering::Relaxed);
        let text = line(&control, Duration::from_secs(5), Lang::En);
        assert!(text.ends_with(" · 5 s left · 99.9 % exact · 3.8 % sent late"), "{text}");
    }
}
