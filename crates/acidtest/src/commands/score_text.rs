//! `acidtest score --metrics … --predictions …`: arguments, and the way from files to a report.
//!
//! Main functions: [`run`], [`compare`]. Reading is `score_files`', numbers are the findings'.

use super::score::FORMS;
use crate::exit::{Exit, Failure, cannot_write, for_logs, print};
use crate::lang::told;
use crate::read_back::style;
use crate::score_columns::{self, ColumnArgs, is_column_metric};
use crate::score_files::{Fields, Form, Inputs, read_cases, score, write_cases};
use crate::show::{ReportFormat, ShowArgs};
use acidtest_findings::scored::sheet::Scored;
use acidtest_findings::{
    Chosen, Contrasted, ScoreAbout, ScoreReport, Settings, TextOptions, TextTable, Uncertainty, Unpaired,
    contrast,
};
use acidtest_metrics::stats::Resampling;
use std::path::{Path, PathBuf};

/// What scoring of files takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Files of texts")]
pub(crate) struct FileArgs {
    /// Metrics: bleu, chrf, chrf++, ter, rouge1, rouge2, rouge3, rougeL, rougeLsum, meteor,
    /// exact_match, token_f1, char_f1, wer, mer, wil, wip, cer, edit_similarity, distinct_1,
    /// distinct_2, distinct_3, self_bleu; rouge and answers also with _unicode. Of columns: accuracy,
    /// precision, recall, f1, mcc, kappa, roc_auc, brier, ece, pass@k, ndcg@k and others that
    /// `acidtest metrics` lists
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    metrics: Vec<String>,
    /// Predictions: lines, JSON Lines, CSV or TSV; `-` is standard input
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// References, one file for each stream; not needed where predictions hold them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    references: Vec<PathBuf>,
    /// A second file of predictions: differences are second minus first
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Form of all files; else by their names
    #[arg(long, value_enum)]
    input_format: Option<Form>,
    /// Field of the prediction
    #[arg(long, value_name = "NAME", default_value = "prediction")]
    prediction_field: String,
    /// Field of the reference, a text or a list of texts
    #[arg(long, value_name = "NAME", default_value = "references")]
    reference_field: String,
    /// Field of the case's name
    #[arg(long, value_name = "NAME", default_value = "id")]
    id_field: String,
    /// Field of the cluster that a case is drawn with [cluster, if there is one]
    #[arg(long, value_name = "NAME")]
    cluster_field: Option<String>,
    /// Threads; else one for each core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Write a line for each case, which `acidtest compare` reads
    #[arg(long, value_name = "FILE")]
    per_case: Option<PathBuf>,
    /// Scores of every segment too
    #[arg(long)]
    sentence_level: bool,
    /// Resamples
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    bootstrap: u32,
    /// Trials of approximate randomisation
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    trials: u32,
    /// No intervals
    #[arg(long)]
    no_interval: bool,
    /// Seed of resamples
    #[arg(long, value_name = "N", default_value_t = 12345)]
    seed: u64,
    /// Level of intervals
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    level: f64,
    /// sacreBLEU's mean and half width (μ ± h) too
    #[arg(long)]
    compat: bool,
    #[command(flatten)]
    options: OptionArgs,
    #[command(flatten)]
    columns: ColumnArgs,
}

/// Options of metrics, by sacreBLEU's names.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Options of metrics")]
struct OptionArgs {
    /// BLEU: none, 13a, intl, zh, char, ko-char
    #[arg(long, value_name = "NAME", default_value = "13a")]
    tokenize: String,
    /// BLEU: none, floor, add-k, exp
    #[arg(long, visible_alias = "smooth", value_name = "NAME", default_value = "exp")]
    smooth_method: String,
    /// BLEU: value of floor (0.1) or add-k (1)
    #[arg(long, value_name = "X")]
    smooth_value: Option<f64>,
    /// BLEU: lower case first
    #[arg(long, visible_alias = "lc")]
    lowercase: bool,
    /// BLEU: leave out orders that texts are too short for
    #[arg(long)]
    effective_order: bool,
    /// BLEU: longest n-gram
    #[arg(long, value_name = "N", default_value_t = 4)]
    max_ngram_order: usize,
    /// chrF: longest character n-gram
    #[arg(long, value_name = "N", default_value_t = 6)]
    chrf_char_order: usize,
    /// chrF: longest word n-gram; else 0 for chrf and 2 for chrf++
    #[arg(long, value_name = "N")]
    chrf_word_order: Option<usize>,
    /// chrF: weight of recall
    #[arg(long, value_name = "X", default_value_t = 2.0)]
    chrf_beta: f64,
    /// chrF: lower case first
    #[arg(long)]
    chrf_lowercase: bool,
    /// chrF: white space counts
    #[arg(long)]
    chrf_whitespace: bool,
    /// chrF: smoothing of chrF++.py
    #[arg(long)]
    chrf_eps_smoothing: bool,
    /// TER: resolve entities, set punctuation apart
    #[arg(long)]
    ter_normalized: bool,
    /// TER: remove punctuation
    #[arg(long)]
    ter_no_punct: bool,
    /// TER: East Asian characters too
    #[arg(long)]
    ter_asian_support: bool,
    /// TER: keep upper case
    #[arg(long)]
    ter_case_sensitive: bool,
    /// ROUGE: Porter stemmer
    #[arg(long)]
    rouge_stemmer: bool,
    /// exact_match and token_f1: SQuAD's script v1 or v2
    #[arg(long, value_name = "VERSION", default_value = "v1")]
    squad: String,
}

impl OptionArgs {
    fn options(&self) -> TextOptions {
        TextOptions {
            tokenize: self.tokenize.clone(),
            smooth_method: self.smooth_method.clone(),
            smooth_value: self.smooth_value,
            lowercase: self.lowercase,
            effective_order: self.effective_order,
            max_ngram_order: self.max_ngram_order,
            chrf_char_order: self.chrf_char_order,
            chrf_word_order: self.chrf_word_order,
            chrf_beta: self.chrf_beta,
            chrf_lowercase: self.chrf_lowercase,
            chrf_whitespace: self.chrf_whitespace,
            chrf_eps_smoothing: self.chrf_eps_smoothing,
            ter_normalized: self.ter_normalized,
            ter_no_punct: self.ter_no_punct,
            ter_asian_support: self.ter_asian_support,
            ter_case_sensitive: self.ter_case_sensitive,
            rouge_stemmer: self.rouge_stemmer,
            squad: self.squad.clone(),
        }
    }
}

impl FileArgs {
    fn settings(&self) -> Result<Settings, Failure> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Failure::usage(format!(
                "the level is {}, expected a number between 0 and 1",
                self.level
            ))
            .hint("such as --level 0.95"));
        }
        let resampling = Resampling { resamples: self.bootstrap, level: self.level, seed: self.seed };
        Ok(Settings { resampling, intervals: !self.no_interval, trials: self.trials, compat: self.compat })
    }

    /// Metrics of columns, and those of texts with every name that nobody knows.
    fn parted(&self) -> (Vec<String>, Vec<String>) {
        self.metrics.iter().map(|m| m.trim().to_owned()).partition(|m| is_column_metric(m))
    }

    /// Labels, probabilities, samples and rankings, where any were asked for.
    fn scored_columns(&self, names: &[String], predictions: &Path, by: &[String]) -> Result<Scored, Failure> {
        if names.is_empty() {
            return Ok(Scored::default());
        }
        self.check_columns(by)?;
        let references = match self.references.as_slice() {
            [] => None,
            [one] => Some(one.as_path()),
            _ => return Err(Failure::usage(format!("{} takes one file of references", names.join(", ")))),
        };
        let mut args = self.columns.clone();
        args.cluster_field.clone_from(&self.cluster_field);
        args.resampling = Resampling { resamples: self.bootstrap, seed: self.seed, ..Resampling::default() };
        let mut found = score_columns::score(names, predictions, references, &args)?;
        if self.no_interval {
            let none = || Uncertainty::None("not asked for".to_owned());
            found.estimates.iter_mut().for_each(|e| e.interval = none());
        }
        Ok(found)
    }

    /// What metrics of columns do not offer is refused, never ignored.
    fn check_columns(&self, by: &[String]) -> Result<(), Failure> {
        let asked = [
            ("--against", self.against.is_some()),
            ("--by", !by.is_empty()),
            ("--per-case", self.per_case.is_some()),
            ("--sentence-level", self.sentence_level),
            ("--level", self.level != 0.95),
            ("--input-format", self.input_format.is_some()),
            ("--compat", self.compat),
        ];
        match asked.iter().find(|(_, is_asked)| *is_asked) {
            None => Ok(()),
            Some((flag, _)) => Err(Failure::usage(format!("{flag} goes with metrics of texts only"))
                .hint("ask for labels, probabilities, samples and rankings in a call of their own")),
        }
    }

    /// A file that is read is never written.
    fn check_outputs(&self, predictions: &Path, show: &ShowArgs) -> Result<(), Failure> {
        let place = |path: &Path| std::fs::canonicalize(path).ok();
        let read: Vec<PathBuf> = std::iter::once(predictions)
            .chain(self.references.iter().map(PathBuf::as_path))
            .chain(self.against.as_deref())
            .filter_map(place)
            .collect();
        let written = self.per_case.iter().chain(&show.output).chain(show.reports.iter().map(|r| &r.1));
        for path in written {
            if place(path).is_some_and(|p| read.contains(&p)) {
                return Err(Failure::usage(format!("'{}' is read and would be overwritten", path.display()))
                    .hint("write to another file"));
            }
        }
        Ok(())
    }

    fn chosen(&self) -> Result<Chosen, Failure> {
        let options = self.options.options();
        Chosen::new(&self.parted().1, &options).map_err(|e| Failure::usage(e.what).hint(e.hint))
    }

    fn inputs(&self, predictions: &Path, by: &[String]) -> Inputs {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Inputs {
            predictions: predictions.to_owned(),
            references: self.references.clone(),
            form: self.input_format,
            fields: Fields {
                prediction: self.prediction_field.clone(),
                reference: self.reference_field.clone(),
                id: self.id_field.clone(),
                cluster: self.cluster_field.clone().unwrap_or_else(|| "cluster".to_owned()),
                by: by.to_vec(),
            },
            digests: self.per_case.is_some() || self.against.is_some(),
            threads: self.threads.map_or(cores, usize::from).clamp(1, 256),
        }
    }
}

pub(super) fn run(args: &FileArgs, by: &[String], show: &ShowArgs, quiet: bool) -> Result<Exit, Failure> {
    let predictions = match (&args.predictions, args.metrics.is_empty()) {
        (Some(predictions), false) => predictions,
        (Some(_), true) => return Err(Failure::usage("--predictions needs --metrics").hint(FORMS)),
        (None, false) => return Err(Failure::usage("--metrics needs --predictions").hint(FORMS)),
        (None, true) => return Err(Failure::usage("nothing to score").hint(FORMS)),
    };
    check_formats(show)?;
    args.check_outputs(predictions, show)?;
    let how = args.settings()?;
    let (of_columns, of_texts) = args.parted();
    if !of_texts.is_empty() {
        args.chosen()?;
    }
    let columns = args.scored_columns(&of_columns, predictions, by)?;
    let mut report = match of_texts.is_empty() {
        true => ScoreReport::of_columns(predictions.display().to_string(), &columns),
        false => scored_texts(args, by, predictions, &how)?,
    };
    report.estimates.extend(columns.estimates);
    report.tables = columns.tables;
    report.about.references = args.references.iter().map(|p| p.display().to_string()).collect();
    if !quiet && show.format != ReportFormat::Terminal {
        report.warnings.iter().for_each(|w| eprintln!("{}", told(&format!("warning: {}", plain(w)))));
    }
    write(&report, show)?;
    Ok(Exit::Ok)
}

/// A text of a file without characters that command a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn scored_texts(
    args: &FileArgs,
    by: &[String],
    predictions: &Path,
    how: &Settings,
) -> Result<ScoreReport, Failure> {
    let (table, mut warnings) = score(&args.inputs(predictions, by), args.chosen()?)?;
    if let Some(file) = &args.per_case {
        write_cases(file, &table)?;
    }
    let mut contrasted = Contrasted::default();
    if let Some(against) = &args.against {
        let (second, more) = score(&args.inputs(against, by), args.chosen()?)?;
        warnings.extend(more);
        let names = (predictions.display().to_string(), against.display().to_string());
        contrasted = contrast((&table, &second), (&names.0, &names.1), how).map_err(unpaired)?;
    }
    warnings.sort();
    warnings.dedup();
    let mut report = report(&table, how, predictions, contrasted);
    report.about.against = args.against.as_ref().map(|p| p.display().to_string());
    report.cases = args.sentence_level.then(|| table.sentences());
    warnings.append(&mut report.warnings);
    report.warnings = warnings;
    Ok(report)
}

fn report(table: &TextTable, how: &Settings, predictions: &Path, contrasted: Contrasted) -> ScoreReport {
    let (estimates, worst, warnings) = table.estimates(how);
    let units = estimates.first().map_or(0, |e| e.n.clusters);
    ScoreReport {
        about: ScoreAbout {
            predictions: predictions.display().to_string(),
            against: None,
            references: Vec::new(),
            cases: table.cases.len() as u64,
            units,
            unit_of_sampling: if table.is_clustered() { "cluster" } else { "case" }.to_owned(),
            signatures: table.signatures(),
            acidtest: env!("CARGO_PKG_VERSION").to_owned(),
        },
        estimates,
        tables: Vec::new(),
        worst,
        tests: contrasted.tests,
        changed: contrasted.changed,
        cases: None,
        compat: if how.compat { table.compat(how) } else { Vec::new() },
        warnings,
    }
}

fn unpaired(e: Unpaired) -> Failure {
    let hint = match &e {
        Unpaired::Signature { .. } => "score both with the same options and the same number of references",
        Unpaired::Metrics { .. } => "score both with the same --metrics, in the same order",
        Unpaired::Repeated(_) => "give every case an id of its own",
        Unpaired::Nothing | Unpaired::Numbers(_) => "cases are paired by id and references",
    };
    Failure::usage(e.to_string()).hint(hint)
}

/// Compares two files that `score --per-case` wrote.
pub(super) fn compare(first: &Path, second: &Path, show: &ShowArgs) -> Result<Exit, Failure> {
    check_formats(show)?;
    let resampling = Resampling { seed: 12345, ..Resampling::default() };
    let how = Settings { resampling, intervals: true, trials: 10_000, compat: false };
    let tables = (read_cases(first)?, read_cases(second)?);
    let names = (first.display().to_string(), second.display().to_string());
    let contrasted = contrast((&tables.0, &tables.1), (&names.0, &names.1), &how).map_err(unpaired)?;
    let mut report = report(&tables.0, &how, first, contrasted);
    report.about.against = Some(names.1);
    write(&report, show)?;
    Ok(Exit::Ok)
}

fn check_formats(show: &ShowArgs) -> Result<(), Failure> {
    let known = |f: ReportFormat| {
        matches!(f, ReportFormat::Terminal | ReportFormat::Json | ReportFormat::Csv | ReportFormat::Markdown)
    };
    let all = std::iter::once(show.format).chain(show.reports.iter().map(|r| r.0));
    match all.into_iter().all(known) {
        true => Ok(()),
        false => Err(Failure::usage("files of texts have no report in that format")
            .hint("known: terminal, json, csv, markdown")),
    }
}

fn text(report: &ScoreReport, format: ReportFormat, style: acidtest_report::Style) -> String {
    match format {
        ReportFormat::Json => format!("{:#}\n", acidtest_report::score_json(report)),
        ReportFormat::Csv => acidtest_report::score_csv(report),
        ReportFormat::Markdown => acidtest_report::score_markdown(report, style.lang),
        _ => acidtest_report::score(report, style),
    }
}

fn write(report: &ScoreReport, show: &ShowArgs) -> Result<(), Failure> {
    let plain = acidtest_report::Style { width: 120, color: false, lang: crate::lang::lang() };
    let to_file = |format, file: &Path| {
        std::fs::write(file, text(report, format, plain)).map_err(|e| cannot_write(file, e))
    };
    for (format, file) in &show.reports {
        to_file(*format, file)?;
    }
    match &show.output {
        Some(file) => to_file(show.format, file),
        None => {
            let said = text(report, show.format, style());
            let is_read = matches!(show.format, ReportFormat::Terminal | ReportFormat::Markdown);
            print(&if is_read { for_logs(said) } else { said })
        }
    }
}
