//! What reads and events of the records say: gaps, and when tokens arrived.
//!
//! Main type: [`Detail`], filled by one scan over the records. Bounded: beyond
//! [`MOST_GAPS`] only a share of the records is kept, whole records chosen by
//! their identity, so that order does not matter. Must not keep arrivals.

use crate::cells::Cells;
use crate::kept_gaps::{Gap, KeptGaps};
use crate::receipt::Receipt;
use crate::timeline::{Arrivals, part};
use acidtest_metrics::speed::{Window, gap_bounds};
use acidtest_record::{Digest, Timing};

/// Most gaps kept.
pub(crate) const MOST_GAPS: usize = 1_000_000;
/// Parts of a steady window whose rates give its interval.
pub(crate) const BINS: usize = 120;

/// One target and prompt under one phase on one clock.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub(crate) target: u16,
    pub(crate) phase: u16,
    pub(crate) prompt: u16,
    pub(crate) clock: u16,
    /// First intended send to the last end.
    pub(crate) whole: Window,
    /// When the asked load was there, if ever.
    pub(crate) steady: Option<Window>,
    /// Output tokens that arrived in each part of the steady window.
    pub(crate) tokens: Vec<f64>,
    /// Records with content there and no token count.
    pub(crate) uncounted: u64,
    /// What its reads say of our own clock.
    pub(crate) receipt: Receipt,
}

impl Lane {
    pub(crate) fn new(id: (u16, u16, u16, u16), whole: Window, steady: Option<Window>) -> Self {
        let (target, phase, prompt, clock) = id;
        Self {
            target,
            phase,
            prompt,
            clock,
            whole,
            steady,
            tokens: vec![0.0; BINS],
            uncounted: 0,
            receipt: Receipt::default(),
        }
    }

    /// Puts a record's output tokens where they arrived.
    fn count_tokens(&mut self, arrivals: &[(i64, i64)], tokens: Option<&[f64]>) {
        let Some(tokens) = tokens else {
            self.uncounted += u64::from(arrivals.iter().any(|a| self.bin(a.1).is_some()));
            return;
        };
        for ((_, at), tokens) in arrivals.iter().zip(tokens) {
            if let Some(bin) = self.bin(*at) {
                self.tokens[bin] += tokens;
            }
        }
    }

    /// Which part of the steady window a moment falls in.
    pub(crate) fn bin(&self, at: i64) -> Option<usize> {
        let w = self.steady.filter(|w| w.contains(at))?;
        let part =
            (i128::from(at) - i128::from(w.start)) * BINS as i128 / (i128::from(w.end) - i128::from(w.start));
        Some((part as usize).min(BINS - 1))
    }
}

/// What one scan over reads and events collects.
#[derive(Debug)]
pub(crate) struct Detail {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) gaps: KeptGaps,
    /// Gaps of one in so many records are kept.
    pub(crate) one_in: u64,
    /// Whether a scan was made.
    pub(crate) scanned: bool,
}

impl Detail {
    pub(crate) fn new(lanes: Vec<Lane>) -> Self {
        Self { lanes, gaps: KeptGaps::default(), one_in: 1, scanned: false }
    }

    /// Adds one record; its tokens go to `over_time`, too.
    pub(crate) fn add(&mut self, row: u32, cells: &Cells, timing: &Timing, over_time: &mut Arrivals) {
        self.scanned = true;
        let arrivals: Vec<(i64, i64)> = timing.bounds().map(|a| (a.earliest.0, a.latest.0)).collect();
        let own = (cells.target, cells.phase, cells.prompt, cells.clock);
        let no = self.lanes.iter().position(|l| (l.target, l.phase, l.prompt, l.clock) == own);
        let Some(no) = no else { return };
        let window = self.lanes[no].whole;
        let tokens = tokens(cells, timing, arrivals.len());
        over_time.add(self.lanes.len(), no, window, &arrivals, tokens.as_deref().unwrap_or_default());
        self.lanes[no].count_tokens(&arrivals, tokens.as_deref());
        // What is not known of the record's arrivals, and how late we were at its reads.
        if cells.stream {
            self.lanes[no].receipt.add(cells.sent().unwrap_or_default(), timing, &arrivals);
        }
        if cells.class.delivered() && cells.stream && is_kept(row, self.one_in) {
            let found = gap_bounds(&arrivals);
            let is_whole = found.len() + 1 == arrivals.len();
            for (i, g) in found.iter().enumerate() {
                let part = if is_whole { part(window, arrivals[i + 1].1) } else { None };
                self.gaps.push(Gap { row, part, least: g.least, most: g.most });
            }
        }
        while self.gaps.len() > MOST_GAPS && self.one_in < 1 << 40 {
            self.one_in *= 2;
            let one_in = self.one_in;
            // Gaps of a record stand together: it is asked about once.
            let mut before = None;
            self.gaps.retain(|row| match before {
                Some((known, kept)) if known == row => kept,
                _ => {
                    let kept = is_kept(row, one_in);
                    before = Some((row, kept));
                    kept
                }
            });
        }
    }
}

/// Output tokens of each content event of a record; absent where nobody counts them.
fn tokens(cells: &Cells, timing: &Timing, arrivals: usize) -> Option<Vec<f64>> {
    let content = timing.events.iter().filter(|e| e.kind.is_content());
    let told: Option<Vec<f64>> = content.map(|e| e.tokens.map(f64::from)).collect();
    match (told, cells.output()) {
        (Some(told), _) if told.len() == arrivals && !told.is_empty() => Some(told),
        (_, Some(output)) => Some(vec![f64::from(output) / arrivals.max(1) as f64; arrivals]),
        _ => None,
    }
}

/// Whether a record's gaps are kept when one in `one_in` is.
fn is_kept(row: u32, one_in: u64) -> bool {
    if one_in == 1 {
        return true;
    }
    let hash = Digest::of(&row.to_le_bytes()).0;
    let hash = u64::from_le_bytes(hash[..8].try_into().expect("8 of 16 bytes"));
    hash.is_multiple_of(one_in)
}
