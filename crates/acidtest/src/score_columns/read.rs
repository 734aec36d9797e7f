//! From files to what each kind of metric wants: labels, probabilities, tasks.
//!
//! Main functions: [`labels`], [`probabilities`], [`tasks`]. Must not score.

use super::args::ColumnArgs;
use super::table::{Columns, File, Form, brief, number, shown};
use crate::exit::Failure;
use acidtest_findings::scored::samples::Task;
use acidtest_findings::scored::sheet::{Units, Unscored, majority_share};
use serde_json::Value;
use std::collections::HashMap;

/// Fields of a file, by their flags or their usual names.
fn or<'a>(flag: &'a Option<String>, usual: &'a str) -> &'a str {
    flag.as_deref().unwrap_or(usual)
}

fn failure(columns: &Columns, e: &Unscored) -> Failure {
    let failed = match e.row {
        Some(row) => columns.error(row, &e.what),
        None => Failure::usage(e.what.clone()),
    };
    failed.hint(e.hint.clone())
}

/// Fields of the predictions with the cluster, if one was named, as the last.
fn with_cluster<'a>(mut fields: Vec<&'a str>, args: &'a ColumnArgs) -> Vec<&'a str> {
    fields.extend(args.cluster_field.as_deref());
    fields
}

fn units(columns: &Columns, at: usize, args: &ColumnArgs) -> Result<Units, Failure> {
    match args.cluster_field {
        None => Ok(Units::single(columns.rows(), "case")),
        Some(_) => Ok(Units::clusters(&columns.labels(at)?)),
    }
}

/// True and predicted labels.
pub(super) struct LabelsRead {
    pub truth: Vec<String>,
    pub predicted: Vec<String>,
    pub units: Units,
    columns: Columns,
}

impl LabelsRead {
    pub fn failure(&self, e: Unscored) -> Failure {
        failure(&self.columns, &e)
    }
}

fn check_text(file: &File, args: &ColumnArgs) -> Result<(), Failure> {
    match (&args.cluster_field, file.form) {
        (Some(_), Form::Text) => {
            Err(Failure::usage(format!("{}: a text file has no field for clusters", file.name))
                .hint("files end in .csv .tsv or .jsonl"))
        }
        _ => Ok(()),
    }
}

pub(super) fn labels(
    predictions: &File,
    references: Option<&File>,
    args: &ColumnArgs,
) -> Result<LabelsRead, Failure> {
    check_text(predictions, args)?;
    let label = or(&args.label_field, "label");
    let truth = or(&args.truth_field, "truth");
    let Some(references) = references else {
        if predictions.form == Form::Text {
            return Err(no_truth(predictions));
        }
        let columns = predictions.columns(&with_cluster(vec![label, truth], args))?;
        let (predicted, due, units) = (columns.labels(0)?, columns.labels(1)?, units(&columns, 2, args)?);
        return Ok(LabelsRead { truth: due, predicted, units, columns });
    };
    let columns = predictions.columns(&with_cluster(vec![label], args))?;
    let due = truth_of(references, args, &columns)?;
    let (predicted, units) = (columns.labels(0)?, units(&columns, 1, args)?);
    Ok(LabelsRead { truth: due, predicted, units, columns })
}

fn no_truth(predictions: &File) -> Failure {
    Failure::usage(format!("{}: a text file has one label per line, and no true ones", predictions.name))
        .hint("name the true labels by --references FILE, or give a .csv .tsv or .jsonl file with --truth-field")
}

/// The true labels of a second file: its truth field, or its lines.
fn truth_of(references: &File, args: &ColumnArgs, columns: &Columns) -> Result<Vec<String>, Failure> {
    let fields = references.fields()?;
    let has = |name: &str| fields.iter().any(|f| f == name);
    // A file of true labels may call them `label` too.
    let name = match &args.truth_field {
        Some(name) => name.as_str(),
        None if has("truth") || !has(or(&args.label_field, "label")) => "truth",
        None => or(&args.label_field, "label"),
    };
    let found = references.columns(&[name])?;
    if found.rows() != columns.rows() {
        let what = format!("{} rows, and {} predictions", found.rows(), columns.rows());
        return Err(Failure::usage(format!("{}: {what}", references.name))
            .hint("row n of the predictions belongs to row n of the references"));
    }
    found.labels(0)
}

/// Scores with their truth.
pub(super) enum Probabilities {
    Binary(BinaryRead),
    Classes(ClassesRead),
}

pub(super) struct BinaryRead {
    pub truth: Vec<bool>,
    pub scores: Vec<f64>,
    pub units: Units,
    columns: Columns,
}

impl BinaryRead {
    pub fn failure(&self, e: Unscored) -> Failure {
        failure(&self.columns, &e)
    }
}

pub(super) struct ClassesRead {
    pub classes: Vec<String>,
    pub truth: Vec<u32>,
    pub values: Vec<f64>,
    pub units: Units,
    columns: Columns,
}

impl ClassesRead {
    pub fn failure(&self, e: Unscored) -> Failure {
        failure(&self.columns, &e)
    }
}

pub(super) fn probabilities(
    predictions: &File,
    references: Option<&File>,
    args: &ColumnArgs,
) -> Result<Probabilities, Failure> {
    if predictions.form == Form::Text {
        let what = format!("{}: scores and probabilities are read from tables", predictions.name);
        return Err(Failure::usage(what).hint("files end in .csv .tsv or .jsonl"));
    }
    let fields = predictions.fields()?;
    let has = |name: &str| fields.iter().any(|f| f == name);
    let probs: Vec<&str> = match args.probs_field.as_slice() {
        [] if args.score_field.is_none() && !has("score") && has("probs") => vec!["probs"],
        given => given.iter().map(String::as_str).collect(),
    };
    // Beside a score the only label is the true one.
    let truth = match &args.truth_field {
        Some(name) => name.as_str(),
        None if has("truth") => "truth",
        None => or(&args.label_field, "label"),
    };
    let score = [or(&args.score_field, "score")];
    let mut wanted: Vec<&str> = if probs.is_empty() { score.to_vec() } else { probs.clone() };
    let numbers = wanted.len();
    if references.is_none() {
        wanted.push(truth);
    }
    let columns = predictions.columns(&with_cluster(wanted.clone(), args))?;
    let due = match references {
        Some(file) => truth_of(file, args, &columns)?,
        None => columns.labels(numbers)?,
    };
    let units = units(&columns, wanted.len(), args)?;
    if probs.is_empty() {
        let truth = binary_truth(&due, &columns, args)?;
        let scores = columns.numbers(0)?;
        return Ok(Probabilities::Binary(BinaryRead { truth, scores, units, columns }));
    }
    classes(&probs, due, units, columns, args).map(Probabilities::Classes)
}

/// Which cases are positive. Without `--positive` labels must be 0 and 1, or false and true.
fn binary_truth(due: &[String], columns: &Columns, args: &ColumnArgs) -> Result<Vec<bool>, Failure> {
    let Some(positive) = &args.positive else {
        let one = |(row, label): (usize, &String)| match label.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "1.0" => Ok(true),
            "0" | "false" | "0.0" => Ok(false),
            _ => Err(columns
                .error(row, &format!("the label '{}', expected 1, 0, true or false", brief(label)))
                .hint("of other labels name the positive one: --positive LABEL")),
        };
        return due.iter().enumerate().map(one).collect();
    };
    if !args.labels.is_empty()
        && let Some(row) = due.iter().position(|l| !args.labels.contains(l))
    {
        return Err(columns.error(row, &format!("the label '{}' is not among --labels", brief(&due[row]))));
    }
    let mut known: Vec<&String> = due.iter().collect();
    known.sort();
    known.dedup();
    if known.iter().all(|l| *l != positive) && !args.labels.contains(positive) {
        let all: Vec<String> = known.iter().take(12).map(|l| format!("'{}'", brief(l))).collect();
        return Err(Failure::usage(format!("no case has the positive label '{}'", brief(positive)))
            .hint(format!("known: {}", all.join(" "))));
    }
    Ok(due.iter().map(|l| l == positive).collect())
}

fn classes(
    probs: &[&str],
    due: Vec<String>,
    units: Units,
    columns: Columns,
    args: &ColumnArgs,
) -> Result<ClassesRead, Failure> {
    let (values, own) = match probs {
        [_] => lists(&columns, &args.labels)?,
        many => {
            let by_column: Vec<Vec<f64>> =
                (0..many.len()).map(|c| columns.numbers(c)).collect::<Result<_, _>>()?;
            let rows = (0..columns.rows()).flat_map(|row| by_column.iter().map(move |c| c[row]));
            (rows.collect(), None)
        }
    };
    let width = values.len() / columns.rows().max(1);
    let names = match own {
        Some(own) => own,
        None if !args.labels.is_empty() => args.labels.clone(),
        None => {
            let mut sorted = due.clone();
            sorted.sort();
            sorted.dedup();
            sorted
        }
    };
    if names.len() != width {
        let what = format!("{width} probabilities per row, and {} labels", names.len());
        return Err(columns
            .error(0, &what)
            .hint("name the labels in the order of the probabilities: --labels a,b,c"));
    }
    if let Some((_, twice)) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
        return Err(Failure::usage(format!("the label '{}' is given twice", brief(twice))));
    }
    let places: HashMap<&str, u32> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i as u32)).collect();
    let place = |(row, label): (usize, &String)| {
        let found = places.get(label.as_str()).copied();
        found.ok_or_else(|| columns.error(row, &format!("the label '{}' has no probability", brief(label))))
    };
    let truth: Vec<u32> = due.iter().enumerate().map(place).collect::<Result<_, _>>()?;
    Ok(ClassesRead { classes: names, truth, values, units, columns })
}

/// Probabilities from one field: lists, or objects by label. Of objects the labels come too.
fn lists(columns: &Columns, labels: &[String]) -> Result<(Vec<f64>, Option<Vec<String>>), Failure> {
    let cells = columns.json(0)?;
    let names: Option<Vec<String>> = match cells.first() {
        Some(Value::Object(_)) if !labels.is_empty() => Some(labels.to_vec()),
        Some(Value::Object(map)) => {
            let mut keys: Vec<String> = map.keys().cloned().collect();
            keys.sort();
            Some(keys)
        }
        _ => None,
    };
    let width = match (&names, cells.first()) {
        (Some(names), _) => names.len(),
        (None, Some(Value::Array(list))) => list.len(),
        _ => 0,
    };
    let mut values = Vec::with_capacity(cells.len().saturating_mul(width));
    for (row, cell) in cells.iter().enumerate() {
        let wrong = |what: String| columns.error(row, &what);
        let mut take = |cell: &Value| number(cell).map(|x| values.push(x)).map_err(wrong);
        match (cell, &names) {
            (Value::Array(list), None) if list.len() == width && width > 0 => {
                list.iter().try_for_each(&mut take)?;
            }
            (Value::Array(list), None) => {
                return Err(wrong(format!(
                    "{} probabilities, expected {width} as in the first row",
                    list.len()
                )));
            }
            (Value::Object(map), Some(names)) => {
                if let Some(other) = map.keys().find(|k| !names.contains(k)) {
                    return Err(wrong(format!(
                        "the label '{}' is not among those of the first row or --labels",
                        brief(other)
                    )));
                }
                for name in names {
                    let p = map
                        .get(name)
                        .ok_or_else(|| wrong(format!("no probability of the label '{}'", brief(name))))?;
                    take(p)?;
                }
            }
            (other, _) => return Err(wrong(format!("{}, expected a list of probabilities", shown(other)))),
        }
    }
    Ok((values, names))
}

/// Tasks with the number of their samples.
#[derive(Debug)]
pub(super) struct TasksRead {
    pub tasks: Vec<Task>,
    pub units: Units,
    columns: Columns,
    /// The first row of each task.
    rows: Vec<usize>,
}

impl TasksRead {
    pub fn failure(&self, mut e: Unscored) -> Failure {
        e.row = e.row.map(|task| self.rows[task]);
        failure(&self.columns, &e)
    }
}

pub(super) fn tasks(file: &File, args: &ColumnArgs) -> Result<TasksRead, Failure> {
    if file.form == Form::Text {
        return Err(Failure::usage(format!("{}: samples of tasks are read from tables", file.name))
            .hint("files end in .csv .tsv or .jsonl"));
    }
    let task = or(&args.task_field, "task");
    let fields = file.fields()?;
    let has = |name: &str| fields.iter().any(|f| f == name);
    let counts: Option<[&str; 2]> = match args.counts_fields.as_slice() {
        [n, c] => Some([n.as_str(), c.as_str()]),
        [] if args.correct_field.is_none() && !has("correct") && has("n") && has("c") => Some(["n", "c"]),
        [] => None,
        _ => return Err(Failure::usage("--counts-fields takes two fields").hint("--counts-fields n,c")),
    };
    if let Some([n, c]) = counts {
        let columns = file.columns(&with_cluster(vec![task, n, c], args))?;
        return counted(columns, args);
    }
    let correct = or(&args.correct_field, "correct");
    let answers = args.label_field.as_deref().zip(args.truth_field.as_deref());
    if let (Some((label, truth)), None) = (answers, &args.correct_field) {
        let columns = file.columns(&with_cluster(vec![task, label, truth], args))?;
        let (said, due) = (columns.labels(1)?, columns.labels(2)?);
        let right: Vec<bool> = said.iter().zip(&due).map(|(s, d)| s == d).collect();
        return gathered(columns, &right, Some((said, due)), 3, args);
    }
    let columns = file.columns(&with_cluster(vec![task, correct], args))?;
    let right = columns.yes_no(1)?;
    gathered(columns, &right, None, 2, args)
}

fn counted(columns: Columns, args: &ColumnArgs) -> Result<TasksRead, Failure> {
    let (names, n, c) = (columns.labels(0)?, columns.counts(1)?, columns.counts(2)?);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (row, name) in names.iter().enumerate() {
        if seen.insert(name, row).is_some() {
            return Err(columns.error(row, &format!("task '{}' is given twice", brief(name))));
        }
    }
    let units = task_units(&columns, (0..names.len()).collect(), 3, args)?;
    let one = |((name, n), c): ((String, u64), u64)| Task { name, n, c, vote: None };
    let tasks: Vec<Task> = names.into_iter().zip(n).zip(c).map(one).collect();
    Ok(TasksRead { rows: (0..tasks.len()).collect(), tasks, units, columns })
}

/// Tasks of rows that are samples. With answers the majority is that of the answers.
fn gathered(
    columns: Columns,
    right: &[bool],
    answers: Option<(Vec<String>, Vec<String>)>,
    cluster_at: usize,
    args: &ColumnArgs,
) -> Result<TasksRead, Failure> {
    let names = columns.labels(0)?;
    let mut places: HashMap<&str, usize> = HashMap::new();
    let (mut tasks, mut members): (Vec<Task>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (row, name) in names.iter().enumerate() {
        let at = *places.entry(name).or_insert(tasks.len());
        if at == tasks.len() {
            tasks.push(Task { name: name.clone(), n: 0, c: 0, vote: None });
            members.push(Vec::new());
        }
        tasks[at].n += 1;
        tasks[at].c += u64::from(right[row]);
        members[at].push(row);
    }
    if let Some((said, due)) = answers {
        for (task, rows) in tasks.iter_mut().zip(&members) {
            if let Some(row) = rows.iter().find(|r| due[**r] != due[rows[0]]) {
                let what = format!(
                    "the true answer of task '{}' is '{}' here, and '{}' before",
                    brief(&task.name),
                    brief(&due[*row]),
                    brief(&due[rows[0]])
                );
                return Err(columns.error(*row, &what));
            }
            let votes: Vec<&str> = rows.iter().map(|r| said[*r].as_str()).collect();
            task.vote = majority_share(&votes, &due[rows[0]]);
        }
    }
    let rows: Vec<usize> = members.iter().map(|m| m[0]).collect();
    if args.cluster_field.is_some() {
        let clusters = columns.labels(cluster_at)?;
        let split = members
            .iter()
            .flat_map(|m| m.iter().map(move |r| (m[0], *r)))
            .find(|(first, r)| clusters[*first] != clusters[*r]);
        if let Some((first, row)) = split {
            let what = format!(
                "task '{}' is in cluster '{}' here, and in '{}' before",
                brief(&names[row]),
                brief(&clusters[row]),
                brief(&clusters[first])
            );
            return Err(columns.error(row, &what));
        }
    }
    let units = task_units(&columns, rows.clone(), cluster_at, args)?;
    Ok(TasksRead { tasks, units, columns, rows })
}

fn task_units(columns: &Columns, rows: Vec<usize>, at: usize, args: &ColumnArgs) -> Result<Units, Failure> {
    if args.cluster_field.is_none() {
        return Ok(Units::single(rows.len(), "task"));
    }
    let all = columns.labels(at)?;
    let of: Vec<&str> = rows.iter().map(|row| all[*row].as_str()).collect();
    Ok(Units::clusters(&of))
}
