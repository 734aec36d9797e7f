//! What a run is compared with: a stored run, or a file that `acidtest export` wrote.
//!
//! Main types: [`BaselineArgs`], [`Baseline`]. A file is read into a store of its own that is
//! removed afterwards; the user's store is not changed by it.

use crate::commands::StoreArg;
use crate::exit::{Exit, Failure};
use crate::open_store::{to_read, trouble, unread};
use acidtest_findings::{Comparison, Findings, check_regression, default_regression};
use acidtest_readback::{texts, with_view};
use acidtest_record::{Case, Limit, Regression, RunId, RunSpec, workload_differences};
use acidtest_store::Store;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What `run` and `report` take about a baseline.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BaselineArgs {
    /// Compare with this run: a file that `acidtest export` wrote, an id, a unique prefix, or `latest`
    #[arg(long, value_name = "FILE|RUN")]
    pub baseline: Option<String>,
    /// How much worse than the baseline it may be, beside the suite's `regression`: 'accuracy <= 2 pp', 'e2e.p50 <= 10 %'
    #[arg(long, value_name = "GATE", requires = "baseline")]
    pub max_drop: Vec<String>,
    /// Compare also when the baseline was asked something else; only equal cases are paired
    #[arg(long, requires = "baseline")]
    pub across_workloads: bool,
}

/// A run to compare with.
pub(crate) struct Baseline {
    pub store: Store,
    pub run: RunId,
    /// Removed after the store is closed: fields are dropped in this order.
    _place: Option<Place>,
}

/// A folder that is removed when it is no longer needed.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Baseline {
    /// Opens a file if there is one of that name, else the run in the store.
    pub(crate) fn open(wanted: &str, store: &StoreArg) -> Result<Self, Failure> {
        let path = Path::new(wanted);
        if path.is_file() {
            return Self::from_file(path);
        }
        let store = to_read(store).map_err(|e| {
            e.hint(format!("there is no file '{wanted}' either; `acidtest export -o FILE` writes one"))
        })?;
        let run = store.resolve(wanted).map_err(trouble)?;
        Ok(Self { store, run, _place: None })
    }

    fn from_file(path: &Path) -> Result<Self, Failure> {
        let named = |e: std::io::Error, what: &str| {
            Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("{what} '{}'", path.display())))
        };
        let file = std::fs::File::open(path).map_err(|e| named(e, "cannot read the baseline"))?;
        let folder = std::env::temp_dir().join(format!("acidtest-baseline-{}", crate::execute::new_run_id()));
        std::fs::create_dir(&folder).map_err(|e| named(e, "no place to read the baseline into for"))?;
        let place = Place(folder);
        let mut store = Store::create_or_open(&place.0.join("baseline.db")).map_err(trouble)?;
        let imported = store.import(&mut BufReader::new(file)).map_err(|e| {
            trouble(e).hint(format!("'{}' must be a file that `acidtest export` wrote", path.display()))
        })?;
        Ok(Self { store, run: imported.run, _place: Some(place) })
    }

    /// Whether both were asked the same; an error unless unlike workloads are asked for.
    pub(crate) fn check_workload(
        &self,
        spec: &RunSpec,
        cases: &[Case],
        across: Across,
    ) -> Result<(), Failure> {
        let own = self.store.spec(self.run).map_err(trouble)?;
        let own_cases = self.store.cases(self.run).map_err(trouble)?;
        unlike(workload_differences((&own, &own_cases), (spec, cases)), across)
    }

    /// Compares a stored run with this one.
    pub(crate) fn compare(
        &self,
        store: &Store,
        run: RunId,
        gates: (&[Regression], &[Limit]),
    ) -> Result<Comparison, Failure> {
        let found = with_view(&self.store, self.run, |base| {
            with_view(store, run, |other| {
                let mut first = |key| texts(&self.store, key);
                let mut second = |key| texts(store, key);
                acidtest_findings::compare(base, other, gates, (&mut first, &mut second))
            })
        });
        found.flatten().map_err(unread)
    }

    /// Adds what the comparison with this run says to a run's findings.
    pub(crate) fn judge(
        &self,
        store: &Store,
        findings: &mut Findings,
        gates: &[Regression],
    ) -> Result<(), Failure> {
        let run: RunId =
            findings.run.id.parse().map_err(|e| Failure::new(Exit::Internal, anyhow::anyhow!("{e}")))?;
        findings.add(self.compare(store, run, (gates, &[]))?);
        Ok(())
    }
}

/// Whether unlike workloads are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Across {
    Workloads,
    Never,
}

impl Across {
    pub(crate) fn of(asked: bool) -> Self {
        if asked { Self::Workloads } else { Self::Never }
    }
}

/// An error when workloads differ and nobody asked for that.
pub(crate) fn unlike(differs: Vec<String>, across: Across) -> Result<(), Failure> {
    if differs.is_empty() || across == Across::Workloads {
        return Ok(());
    }
    Err(Failure::usage(format!("the runs were not asked the same: {}", differs.join("; ")))
        .hint("--across-workloads compares the cases that are equal in both"))
}

/// Gates of the command line, checked against a plan.
pub(crate) fn gates(texts: &[String], spec: &RunSpec, cases: &[Case]) -> Result<Vec<Regression>, Failure> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let gate = Regression::parse(text).map_err(|e| {
            let hint = e.hint.clone();
            Failure::new(Exit::Usage, e).hint(hint)
        })?;
        check_regression(&gate, spec, cases).map_err(|(message, hint)| Failure::usage(message).hint(hint))?;
        all.push(gate);
    }
    Ok(all)
}

/// The gates of the suite and of the command line; without any, that accuracy is not worse.
pub(crate) fn all_gates(
    args: &BaselineArgs,
    spec: &RunSpec,
    cases: &[Case],
) -> Result<Vec<Regression>, Failure> {
    let mut all = spec.regression.clone();
    all.extend(gates(&args.max_drop, spec, cases)?);
    Ok(if all.is_empty() { default_regression() } else { all })
}
