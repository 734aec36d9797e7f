//! Readings of the machine and the server, and what they come to over a phase.
//!
//! Main type: [`Surroundings`]; main function: [`measure`]. Bounded in series and samples.
//! What was seen is no sample of anything: there are no intervals.

use crate::estimate::{Estimate, N, Quantity, Uncertainty};
use crate::measure::{Found, Sheet};
use crate::metric::Sensed;
use crate::rates::WINDOW;
use acidtest_metrics::speed::Window;
use acidtest_record::observe::{
    CLIENT, CPU, GONE, HOST, MEM, SCRAPE, SCRAPE_FAILED, SCRAPE_LEFT_OUT, SCRAPE_TIME, SERVER,
};
use acidtest_record::{Reading, ServerGauge, Stat};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What gates may write as source.
pub(crate) const SOURCES: &str = "client, host, server, scrape";

/// Most series that are kept.
const MOST_SERIES: usize = 4096;
/// Most samples that are kept.
const MOST_SAMPLES: usize = 4_000_000;

/// A value at a moment of a clock.
#[derive(Debug, Clone, Copy)]
struct Sample {
    clock: u16,
    at: i64,
    value: f64,
}

/// One series of readings.
#[derive(Debug)]
struct Series {
    source: String,
    name: String,
    samples: Vec<Sample>,
}

/// Readings beside a run.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    series: Vec<Series>,
    index: HashMap<(String, String), usize>,
    samples: usize,
    /// Why the first scrape of a page failed.
    why: BTreeMap<String, String>,
}

/// Whether it is of the surroundings: lateness of our own is elsewhere.
fn is_ours(r: &Reading) -> bool {
    match r.source.as_str() {
        HOST | SERVER => true,
        CLIENT => [CPU, MEM].contains(&r.name.as_str()),
        source => is_scrape(source),
    }
}

fn is_scrape(source: &str) -> bool {
    source == SCRAPE || source.strip_prefix(SCRAPE).is_some_and(|rest| rest.starts_with(':'))
}

impl Surroundings {
    /// Keeps a reading, if it is one of the surroundings and there is room.
    pub(crate) fn add(&mut self, r: &Reading) {
        if !is_ours(r) || !r.value.is_finite() || self.samples >= MOST_SAMPLES {
            return;
        }
        let id = (r.source.clone(), r.name.clone());
        let at = match self.index.get(&id) {
            Some(at) => *at,
            None if self.series.len() >= MOST_SERIES => return,
            None => {
                let (source, name) = id.clone();
                self.series.push(Series { source, name, samples: Vec::new() });
                self.index.insert(id, self.series.len() - 1);
                self.series.len() - 1
            }
        };
        self.samples += 1;
        self.series[at].samples.push(Sample { clock: r.clock, at: r.at.0, value: r.value });
    }

    /// Notes why a page could not be scraped.
    pub(crate) fn failed(&mut self, source: &str, why: &str) {
        if self.why.len() < MOST_SERIES && is_scrape(source) {
            self.why.entry(source.to_owned()).or_insert_with(|| why.to_owned());
        }
    }

    /// Puts everything into an order that does not depend on how it came.
    pub(crate) fn sort(&mut self) {
        self.series.sort_by(|a, b| (&a.source, &a.name).cmp(&(&b.source, &b.name)));
        self.index.clear();
        for series in &mut self.series {
            series.samples.sort_by_key(|s| (s.clock, s.at, s.value.to_bits()));
        }
    }

    fn of(&self, what: Sensed) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(move |s| match what {
            Sensed::Named(name) => s.name == name && !is_scrape(&s.source),
            Sensed::Gauge(gauge) => is_scrape(&s.source) && ServerGauge::of(&s.name) == Some(gauge),
        })
    }

    /// Who said something of it.
    pub(crate) fn sources(&self, what: Sensed) -> impl Iterator<Item = &str> {
        self.of(what).map(|s| s.source.as_str()).collect::<BTreeSet<_>>().into_iter()
    }

    /// What a source said at each moment of a stretch of time: series of one moment are put together.
    pub(crate) fn values(&self, what: Sensed, source: &str, clock: u16, window: Window) -> Vec<f64> {
        self.moments(what, source, clock, window).into_iter().map(|(_, value)| value).collect()
    }

    /// The clocks on which a source said something of it.
    pub(crate) fn clocks(&self, what: Sensed, source: &str) -> BTreeSet<u16> {
        let own = self.of(what).filter(|s| s.source == source);
        own.flat_map(|s| s.samples.iter().map(|sample| sample.clock)).collect()
    }

    /// The same values, each with its moment.
    pub(crate) fn moments(&self, what: Sensed, source: &str, clock: u16, window: Window) -> Vec<(i64, f64)> {
        let mut moments: BTreeMap<i64, (f64, u32)> = BTreeMap::new();
        for series in self.of(what).filter(|s| s.source == source) {
            let from = series.samples.partition_point(|s| (s.clock, s.at) < (clock, window.start));
            let inside = series.samples[from..].iter().take_while(|s| s.clock == clock && s.at <= window.end);
            for sample in inside {
                let moment = moments.entry(sample.at).or_default();
                moment.0 += sample.value;
                moment.1 += 1;
            }
        }
        let is_mean = what == Sensed::Gauge(ServerGauge::CacheUtil);
        let value = |(sum, n): (f64, u32)| if is_mean { sum / f64::from(n) } else { sum };
        moments.into_iter().map(|(at, moment)| (at, value(moment))).collect()
    }

    /// The mean of what a source said in a stretch of time.
    pub(crate) fn mean(&self, what: Sensed, source: &str, clock: u16, window: Window) -> Option<f64> {
        let values = self.values(what, source, clock, window);
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Series> {
        self.series.iter().filter(move |s| s.name == name)
    }

    /// What a reader must know: a process that ended, scrapes that failed, series left out.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for sample in self.named(GONE).filter(|s| s.source == SERVER).flat_map(|s| &s.samples) {
            all.push(format!(
                "server process {:.0} ended at second {:.1}: its readings stop there",
                sample.value,
                sample.at as f64 / 1e9
            ));
        }
        for failed in self.named(SCRAPE_FAILED) {
            let good = self.named(SCRAPE_TIME).filter(|s| s.source == failed.source);
            let all_of = failed.samples.len() + good.map(|s| s.samples.len()).sum::<usize>();
            let why = self.why.get(&failed.source).map_or("", String::as_str);
            all.push(format!(
                "{} of {all_of} scrapes of {} failed ({why})",
                failed.samples.len(),
                failed.source
            ));
        }
        for left in self.named(SCRAPE_LEFT_OUT) {
            let most = left.samples.iter().map(|s| s.value).fold(0.0, f64::max);
            all.push(format!(
                "at least {most:.0} series of {} were not kept: there are too many",
                left.source
            ));
        }
        all
    }
}

/// Mean and maximum over the readings of a source in the steady window, else in the whole phase.
pub(crate) fn measure(sheet: &Sheet, stats: &[Stat], what: Sensed) -> Vec<Estimate> {
    let source = sheet.wanted.param.as_str();
    let surroundings = &sheet.slice.view.surroundings;
    let over = |steady: bool| -> Vec<f64> {
        let windows =
            sheet.slice.lanes().filter_map(|l| Some((l.clock, if steady { l.steady? } else { l.whole })));
        windows.flat_map(|(clock, window)| surroundings.values(what, source, clock, window)).collect()
    };
    let (window, values) = match over(true) {
        values if values.is_empty() => ("whole", over(false)),
        values => ("steady", values),
    };
    stats
        .iter()
        .map(|stat| {
            let n = N { values: Some(values.len() as u64), ..N::default() };
            if values.is_empty() {
                return sheet.absent(*stat, "no reading fell into the phase", n);
            }
            let value = match stat {
                Stat::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                _ => values.iter().sum::<f64>() / values.len() as f64,
            };
            let mut e = sheet.fill(
                *stat,
                Found {
                    value: Quantity::Value(value),
                    interval: Uncertainty::None("what was seen, not a sample".into()),
                    n,
                    rule: format!("{} readings", values.len()),
                },
            );
            e.labels.insert(WINDOW.to_owned(), window.to_owned());
            e
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::Ns;

    fn reading(source: &str, name: &str, at: i64, value: f64) -> Reading {
        Reading { clock: 0, at: Ns(at), source: source.into(), name: name.into(), value }
    }

    fn of(readings: &[Reading]) -> Surroundings {
        let mut all = Surroundings::default();
        readings.iter().for_each(|r| all.add(r));
        all.sort();
        all
    }

    fn window() -> Window {
        Window::new(0, 100).unwrap()
    }

    #[test]
    fn series_of_one_moment_are_added_up_and_shares_averaged() {
        let all = of(&[
            reading("scrape", "vllm:num_requests_running{engine=\"0\"}", 5, 2.0),
            reading("scrape", "vllm:num_requests_running{engine=\"1\"}", 5, 3.0),
            reading("scrape", "vllm:num_requests_running{engine=\"0\"}", 7, 4.0),
            reading("scrape:1", "sglang:num_running_reqs", 7, 9.0),
            reading("scrape", "vllm:kv_cache_usage_perc{engine=\"0\"}", 5, 0.5),
            reading("scrape", "vllm:kv_cache_usage_perc{engine=\"1\"}", 5, 0.25),
            reading("scrape", "vllm:num_requests_running{engine=\"0\"}", 101, 99.0),
        ]);
        let (running, cache) = (Sensed::Gauge(ServerGauge::Running), Sensed::Gauge(ServerGauge::CacheUtil));
        assert_eq!(all.values(running, "scrape", 0, window()), [5.0, 4.0]);
        assert_eq!(all.values(running, "scrape", 1, window()), [0.0; 0]);
        assert_eq!(all.mean(cache, "scrape", 0, window()), Some(0.375));
        assert_eq!(all.sources(running).collect::<Vec<_>>(), ["scrape", "scrape:1"]);
    }

    #[test]
    fn a_scraped_name_is_never_taken_for_a_reading_of_ours() {
        let all = of(&[reading("scrape", CPU, 1, 9.0), reading("client", "scheduler_lag_s", 1, 9.0)]);
        assert_eq!(all.sources(Sensed::Named(CPU)).count(), 0);
        assert_eq!(all.series.len(), 1);
    }

    #[test]
    fn what_went_wrong_is_said_once_each() {
        let mut all = of(&[
            reading("server", GONE, 12_340_000_000, 77.0),
            reading("scrape", SCRAPE_TIME, 1, 0.1),
            reading("scrape", SCRAPE_FAILED, 2, 1.0),
            reading("scrape", SCRAPE_FAILED, 3, 1.0),
            reading("scrape", SCRAPE_LEFT_OUT, 3, 8.0),
        ]);
        all.failed("scrape", "status 500");
        all.failed("scrape", "another");
        assert_eq!(
            all.warnings(),
            [
                "server process 77 ended at second 12.3: its readings stop there",
                "2 of 3 scrapes of scrape failed (status 500)",
                "at least 8 series of scrape were not kept: there are too many",
            ]
        );
    }
}
