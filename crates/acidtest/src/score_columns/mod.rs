//! `acidtest score` of what is no text: labels, probabilities, samples, rankings.
//!
//! Main types: [`ColumnArgs`], the flags; [`Named`], what a metric's name asks for. Main function:
//! [`score`], from files to estimates and tables. Must not compute.

mod args;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod trec;

pub(crate) use args::{ColumnArgs, is_column_metric};

use crate::exit::Failure;
use acidtest_findings::scored::sheet::Scored;
use acidtest_findings::scored::{labels, probabilities, rankings, samples};
use args::Named;
use std::path::Path;
use table::File;

/// Scores a file of predictions, against a second one where the truth is not in the first.
/// Every name must be one that [`is_column_metric`] knows.
pub(crate) fn score(
    metrics: &[String],
    predictions: &Path,
    references: Option<&Path>,
    args: &ColumnArgs,
) -> Result<Scored, Failure> {
    let named = args.named(metrics)?;
    let predictions = File::open(predictions)?;
    let references = references.map(File::open).transpose()?;
    let mut args = args.clone();
    let is_there = |name: &str| predictions.fields().is_ok_and(|fields| fields.iter().any(|f| f == name));
    // As with texts: a field of the usual name is the cluster, whether it was named or not.
    if args.cluster_field.is_none() && is_there(CLUSTER) {
        args.cluster_field = Some(CLUSTER.to_owned());
    }
    score_files(&named, &predictions, references.as_ref(), &args)
}

/// The field of clusters where no flag names one.
const CLUSTER: &str = "cluster";

fn score_files(
    named: &[Named],
    predictions: &File,
    references: Option<&File>,
    args: &ColumnArgs,
) -> Result<Scored, Failure> {
    let mut all = Scored::default();
    let mut add = |found: Scored| {
        all.estimates.extend(found.estimates);
        all.tables.extend(found.tables);
    };
    let wanted = args::labels(named);
    if !wanted.is_empty() {
        add(score_labels(&wanted, predictions, references, args)?);
    }
    let wanted = args::probabilities(named);
    if !wanted.is_empty() {
        add(score_probabilities(&wanted, predictions, references, args)?);
    }
    let wanted = args::samples(named);
    if !wanted.is_empty() {
        let read = read::tasks(predictions, args)?;
        let found = samples::score(&wanted, &read.tasks, &read.units).map_err(|e| read.failure(e))?;
        add(Scored { estimates: found, tables: vec![] });
    }
    let wanted = args::rankings(named);
    if !wanted.is_empty() {
        let qrels = references.ok_or_else(|| {
            Failure::usage("a ranking needs judgements").hint("--references QRELS --predictions RUN")
        })?;
        let queries = trec::queries(qrels, predictions)?;
        let units = acidtest_findings::scored::sheet::Units::single(queries.len(), "query");
        let found = rankings::score(&wanted, &queries, &units).map_err(|e| {
            let name = e.row.map_or("", |row| queries[row].name.as_str());
            Failure::usage(format!("query '{}': {}", table::brief(name), e.what))
        })?;
        add(Scored { estimates: found, tables: vec![] });
    }
    Ok(all)
}

fn score_labels(
    wanted: &[(String, labels::LabelMetric)],
    predictions: &File,
    references: Option<&File>,
    args: &ColumnArgs,
) -> Result<Scored, Failure> {
    let read = read::labels(predictions, references, args)?;
    let columns = labels::LabelColumns { truth: &read.truth, predicted: &read.predicted, units: &read.units };
    labels::score(wanted, columns, &args.label_options()).map_err(|e| read.failure(e))
}

fn score_probabilities(
    wanted: &[probabilities::ProbabilityMetric],
    predictions: &File,
    references: Option<&File>,
    args: &ColumnArgs,
) -> Result<Scored, Failure> {
    match read::probabilities(predictions, references, args)? {
        read::Probabilities::Binary(read) => {
            probabilities::score_binary(wanted, &read.truth, &read.scores, &read.units)
                .map_err(|e| read.failure(e))
        }
        read::Probabilities::Classes(read) => {
            let columns = probabilities::ClassColumns {
                classes: &read.classes,
                truth: &read.truth,
                values: &read.values,
                units: &read.units,
            };
            probabilities::score_classes(wanted, columns, &args.averages()).map_err(|e| read.failure(e))
        }
    }
}
