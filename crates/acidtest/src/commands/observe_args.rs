//! What is looked at beside a run: the flags of `run` and `bench`.
//!
//! Main type: [`ObserveArgs`]. Must not read anything: it only says what to read.

use acidtest_record::ObserveSpec;

/// Flags of what is looked at beside a run.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ObserveArgs {
    /// Process of the server on this machine: its CPU and memory are read, with those of its children; may be repeated
    #[arg(long = "observe-pid", value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pids: Vec<u32>,
    /// Prometheus metrics of the server, such as http://127.0.0.1:8000/metrics; `target` is /metrics beside every target; may be repeated
    #[arg(long, value_name = "URL")]
    scrape: Vec<String>,
    /// Time between two readings: 1s, 500ms [default: 1s]
    #[arg(long = "observe-every", value_name = "D", value_parser = every)]
    every: Option<f64>,
    /// Do not read CPU, memory and network of this machine
    #[arg(long)]
    no_host_readings: bool,
}

impl ObserveArgs {
    /// Adds what was given to what a plan asks for.
    pub(crate) fn apply(&self, spec: &mut ObserveSpec) {
        for pid in &self.pids {
            if !spec.server_pids.contains(pid) {
                spec.server_pids.push(*pid);
            }
        }
        for url in &self.scrape {
            if !spec.scrape.contains(url) {
                spec.scrape.push(url.clone());
            }
        }
        spec.every_s = self.every.unwrap_or(spec.every_s);
        spec.host &= !self.no_host_readings;
    }
}

fn every(text: &str) -> Result<f64, String> {
    let what = "expected a time from 100ms to 1h";
    super::bench_load::seconds(text)
        .ok()
        .filter(|s| (0.1..=3600.0).contains(s))
        .ok_or_else(|| what.to_owned())
}
