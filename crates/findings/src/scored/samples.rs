//! Several samples of each task: pass@k, pass^k and the majority vote.
//!
//! Main function: [`score`]. Whether a sample is right was decided elsewhere.

use super::sheet::{LEVEL, Made, Units, Unscored, brief};
use crate::estimate::{Estimate, Missing};
use acidtest_metrics::sampling::{self, NoPass};
use acidtest_metrics::stats::{Unit, clustered_proportion, clustered_score};

/// What a name on the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleMetric {
    /// At least one of k is right.
    PassAt(u64),
    /// All of k are right.
    PassHat(u64),
    /// The answer with most votes is right.
    Majority,
}

/// One task with its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Samples.
    pub n: u64,
    /// Right ones.
    pub c: u64,
    /// Chance that the majority vote is right, where answers are known; else it is counted from n and c.
    pub vote: Option<f64>,
}

/// Mean over tasks. `units` has one entry per task.
///
/// # Errors
/// No task, or one with more right samples than samples.
pub fn score(
    wanted: &[(String, SampleMetric)],
    tasks: &[Task],
    units: &Units,
) -> Result<Vec<Estimate>, Unscored> {
    if tasks.is_empty() || units.of.len() != tasks.len() {
        return Err(Unscored::new(None, "there is no task", ""));
    }
    if let Some(row) = tasks.iter().position(|t| t.c > t.n) {
        let (name, c, n) = (brief(&tasks[row].name), tasks[row].c, tasks[row].n);
        let what = format!("task '{name}' has {c} right of {n} samples");
        return Err(Unscored::new(Some(row), what, ""));
    }
    wanted.iter().map(|(name, metric)| one(name, *metric, tasks, units)).collect()
}

fn one(name: &str, metric: SampleMetric, tasks: &[Task], units: &Units) -> Result<Estimate, Unscored> {
    let mut values = Vec::with_capacity(tasks.len());
    for (row, task) in tasks.iter().enumerate() {
        values.push(value(metric, task).map_err(|why| Unscored::new(Some(row), why.to_string(), ""))?);
    }
    let kept = units.only(|row| values[row].is_some());
    let excluded = values.iter().filter(|v| v.is_none()).count() as u64;
    let (rule, few) = match metric {
        SampleMetric::PassAt(k) => {
            (format!("unbiased 1 - C(n-c,k)/C(n,k), k = {k}"), format!("fewer than {k}"))
        }
        SampleMetric::PassHat(k) => (format!("unbiased C(c,k)/C(n,k), k = {k}"), format!("fewer than {k}")),
        SampleMetric::Majority => {
            ("majority of samples is right; a tie counts its share".into(), "no".into())
        }
    };
    let rule = format!(
        "{rule}; mean over tasks; {excluded} tasks with {few} samples excluded; unit of sampling: {}",
        units.name
    );
    let mut made = Made::new(name, "ratio", kept.n(tasks.len()), rule);
    if kept.of.is_empty() {
        let why = format!("every task has {few} samples");
        return Ok(made.valued(Err(why), crate::estimate::Uncertainty::None(String::new())).done());
    }
    let sums = kept.sums(values.iter().flatten().copied());
    let found = if is_yes_no(metric, tasks) {
        clustered_proportion(&sums, LEVEL)
    } else {
        clustered_score(&sums, LEVEL)
    };
    made.missing = missing(&sums, excluded);
    Ok(made.clustered(found, units.name).done())
}

fn value(metric: SampleMetric, task: &Task) -> Result<Option<f64>, NoPass> {
    let found = match metric {
        SampleMetric::PassAt(k) => sampling::pass_at_k(task.n, task.c, k),
        SampleMetric::PassHat(k) => sampling::pass_hat_k(task.n, task.c, k),
        SampleMetric::Majority if task.n == 0 => Err(NoPass::TooFew { n: 0, k: 1 }),
        SampleMetric::Majority => {
            let wrong = task.n - task.c;
            let counted = if task.c == wrong { 0.5 } else { f64::from(u8::from(task.c > wrong)) };
            Ok(task.vote.unwrap_or(counted))
        }
    };
    match found {
        Ok(value) => Ok(Some(value)),
        Err(NoPass::TooFew { .. }) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Whether every task has exactly one draw of k: then its value is an outcome, not a mean.
fn is_yes_no(metric: SampleMetric, tasks: &[Task]) -> bool {
    let k = match metric {
        SampleMetric::PassAt(k) | SampleMetric::PassHat(k) => k,
        SampleMetric::Majority => return false,
    };
    tasks.iter().all(|t| t.n <= k)
}

/// What the mean would be if every excluded row had 0, and 1.
pub(super) fn missing(sums: &[Unit], excluded: u64) -> Option<Missing> {
    let (sum, cases) = sums.iter().fold((0.0, 0u64), |(s, n), u| (s + u.sum, n + u64::from(u.cases)));
    let all = (cases + excluded) as f64;
    (excluded > 0).then(|| Missing { excluded, low: sum / all, high: (sum + excluded as f64) / all })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(n: u64, c: u64) -> Task {
        Task { name: format!("t{n}-{c}"), n, c, vote: None }
    }

    fn scored(metric: SampleMetric, tasks: &[Task]) -> Estimate {
        let units = Units::single(tasks.len(), "task");
        score(&[("x".into(), metric)], tasks, &units).unwrap().remove(0)
    }

    #[test]
    fn few_samples_are_excluded_and_counted() {
        let tasks = [task(5, 2), task(5, 0), task(1, 1)];
        let e = scored(SampleMetric::PassAt(2), &tasks);
        assert!((e.number().unwrap() - (1.0 - 3.0 / 10.0) / 2.0).abs() < 1e-12);
        assert_eq!((e.n.cases, e.n.of, e.missing.unwrap().excluded), (2, 3, 1));
        assert!(e.how.contains("1 tasks with fewer than 2"));
        let e = scored(SampleMetric::PassHat(2), &tasks);
        assert!((e.number().unwrap() - 0.05).abs() < 1e-12);
        assert_eq!(scored(SampleMetric::PassAt(9), &tasks).number(), None);
    }

    #[test]
    fn votes_and_impossible_counts() {
        let tasks = [task(5, 3), task(4, 2), task(0, 0), Task { vote: Some(1.0), ..task(3, 1) }];
        let e = scored(SampleMetric::Majority, &tasks);
        assert!((e.number().unwrap() - 2.5 / 3.0).abs() < 1e-12);
        let units = Units::single(1, "task");
        assert!(score(&[("x".into(), SampleMetric::Majority)], &[task(1, 2)], &units).is_err());
        assert!(score(&[("x".into(), SampleMetric::PassAt(0))], &[task(1, 1)], &units).is_err());
    }

    #[test]
    fn one_draw_per_task_is_a_share() {
        let e = scored(SampleMetric::PassAt(1), &[task(1, 1), task(1, 0), task(1, 1)]);
        assert_eq!(e.ends().unwrap().method, "Wilson");
        let e = scored(SampleMetric::PassAt(1), &[task(2, 1), task(2, 0), task(2, 2)]);
        assert_eq!(e.ends().unwrap().method, "Wilson, effective n");
    }
}
