//! `acidtest rank`: models rated from pairwise battles, in files or of stored runs.

use super::StoreArg;
use crate::battles::{self, Read};
use crate::exit::{Exit, Failure, cannot_write, for_logs, print};
use crate::open_store::{to_read, trouble, unread};
use crate::read_back;
use acidtest_findings::duels::{self, Duels};
use acidtest_formats::{BattleColumns, BattleTable, StyleColumn};
use acidtest_metrics::rating::{Asked, Data, Estimator, Origin, Ranking, Scale, Shown};
use acidtest_metrics::stats::Resampling;
use acidtest_readback::Arena;
use acidtest_record::RunId;
use acidtest_report::{RankAbout, RankMethod, RankReport, RankSettings, Ranked, Style};
use std::path::PathBuf;

/// Rate models from pairwise battles: Bradley-Terry or Elo, with intervals
///
/// Battles come from files, from the votes of people and judges in stored runs (--votes), or from
/// scores of stored runs (--scores NAME: of two targets' answers to the same case the higher score
/// wins, repeats averaged; NAME is a scorer's name or `correct`). --run RUN names a run and may be
/// repeated; without it the newest 20 runs take part.
///
/// Reads votes with the fields model_a, model_b and winner from CSV, JSON Lines or a JSON list, as
/// LMSYS publishes them. Outcomes: model_a or a; model_b or b; ties: tie, draw, tie (bothbad),
/// tie (both bad), bothbad, both_bad, both bad. Any other word is an error. A tie is half a win for
/// both. Intervals draw whole voters (judge_hash, judge, user, voter) where the file names them, else
/// whole prompts (question_id, prompt_id, prompt), else battles; both orders of one duel about the
/// same prompt are one unit. Where models cannot be put on one scale (one never lost), there is no
/// rating, and the reason is said; that is no error.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Files of votes; `-` is standard input
    #[arg(required_unless_present_any = ["votes", "scores"], conflicts_with_all = ["votes", "scores"], value_name = "BATTLES")]
    files: Vec<PathBuf>,
    /// Battles of the votes on answers of stored runs
    #[arg(long, conflicts_with = "scores")]
    votes: bool,
    /// Battles of this score of stored runs: a scorer's name, or `correct`
    #[arg(long, value_name = "NAME")]
    scores: Option<String>,
    /// A stored run that takes part; may be repeated [default: the newest 20]
    #[arg(long = "run", value_name = "RUN", conflicts_with = "files")]
    runs: Vec<String>,
    #[command(flatten)]
    store: StoreArg,
    /// How ratings are estimated
    #[arg(long, value_enum, default_value = "bt")]
    method: Method,
    /// Points at stake in each battle of online Elo
    #[arg(long, value_name = "POINTS", default_value_t = 4.0)]
    k: f64,
    /// Resamples of the bootstrap [default: none, 1000 with --interval bootstrap]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bootstrap: Option<u32>,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What is sampled whole
    #[arg(long, value_enum, default_value = "auto")]
    cluster: Cluster,
    /// Which interval stands beside a rating
    #[arg(long, value_enum, default_value = "sandwich")]
    interval: Interval,
    /// Level of intervals and claims
    #[arg(long, default_value_t = 0.95)]
    level: f64,
    /// Give this model this rating; intervals are then of differences to it
    #[arg(long, value_name = "MODEL=RATING", conflicts_with = "center")]
    anchor: Option<String>,
    /// Mean rating of all models
    #[arg(long, default_value_t = 1000.0, visible_alias = "centre")]
    center: f64,
    /// Take a feature of the answers into account: NAME (columns NAME_a and NAME_b) or NAME=COLUMN,COLUMN
    #[arg(long, value_name = "COLUMN", num_args = 1.., action = clap::ArgAction::Append)]
    style: Vec<String>,
    /// What a tie is worth
    #[arg(long, value_enum, default_value = "half")]
    ties: Ties,
    /// Leave out models with fewer battles
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_battles: u64,
    /// Regularise: N ties of every model with an average opponent, so that every model gets a rating
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    prior_ties: f64,
    /// Count battles in the order of their times (tstamp), for Elo
    #[arg(long)]
    by_time: bool,
    /// How to show it
    #[arg(long, value_enum, default_value = "terminal")]
    format: Form,
    /// Tables of pairs too: in the terminal; as CSV in place of the ranking
    #[arg(long)]
    matrix: bool,
    /// File for the result in place of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
}

/// Columns under other names.
#[derive(clap::Args)]
struct Columns {
    /// Column of the first model [default: model_a]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    model_a: Option<String>,
    /// Column of the second model [default: model_b]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    model_b: Option<String>,
    /// Column of the outcome [default: winner]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    winner: Option<String>,
    /// Column of who voted [default: judge_hash, judge, user or voter]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    voter: Option<String>,
    /// Column of what was asked [default: question_id, prompt_id or prompt]
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    prompt: Option<String>,
    /// Column of the time, a number, for --by-time [default: tstamp or timestamp]
    #[arg(long, value_name = "NAME", help_heading = "Columns", requires = "by_time")]
    time: Option<String>,
}

/// What is sampled whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Cluster {
    /// Voters where they are named, else prompts, else battles
    Auto,
    /// Each voter
    Voter,
    /// Each prompt
    Prompt,
    /// Each battle; both orders of one duel about the same prompt are one
    Battle,
}

impl From<Cluster> for duels::Cluster {
    fn from(cluster: Cluster) -> Self {
        match cluster {
            Cluster::Auto => Self::Auto,
            Cluster::Voter => Self::Voter,
            Cluster::Prompt => Self::Prompt,
            Cluster::Battle => Self::Battle,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// Bradley-Terry by maximum likelihood
    Bt,
    /// Online Elo: the order of battles matters
    Elo,
}

impl Columns {
    fn are_named(&self) -> bool {
        let all = [&self.model_a, &self.model_b, &self.winner, &self.voter, &self.prompt, &self.time];
        all.iter().any(|column| column.is_some())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Interval {
    /// Sandwich covariance
    Sandwich,
    /// Percentiles of refits on drawn units
    Bootstrap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ties {
    /// Half a win for both
    Half,
    /// Nothing: tied battles are left out, and counted
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A table for people
    Terminal,
    /// JSON by the published schema
    Json,
    /// A line for each model, or with --matrix for each pair
    Csv,
    /// Markdown
    Markdown,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    check(&args)?;
    let style = args.style.iter().map(|s| style_column(s)).collect::<Result<Vec<_>, _>>()?;
    let read = read(&args, style.clone())?;
    let asked = asked(&args, &read)?;
    let features = battles::style(&read.table, &style)?;
    let data = Data {
        models: read.table.models.len(),
        battles: &read.battles,
        unit: read.unit.as_deref(),
        style: features.as_ref(),
    };
    let ranking = acidtest_metrics::rating::rank(data, asked).map_err(|e| Failure::new(Exit::Usage, e))?;
    let report = acidtest_report::rank_report(&ranking, about(&args, &read, &ranking, style));
    show(&args, &report)
}

fn check(args: &Args) -> Result<(), Failure> {
    let is_elo = args.method == Method::Elo;
    let of_bt = [
        ("--bootstrap", args.bootstrap.is_some()),
        ("--interval bootstrap", args.interval == Interval::Bootstrap),
        ("--style", !args.style.is_empty()),
        ("--prior-ties", args.prior_ties != 0.0),
    ];
    let of_files = [("--style", !args.style.is_empty()), ("a column", args.columns.are_named())];
    if let Some((what, _)) = of_files.iter().find(|(_, is_given)| args.files.is_empty() && *is_given) {
        return Err(Failure::usage(format!("{what} belongs to files of votes, not to stored runs"))
            .hint("leave it out, or name a file"));
    }
    if args.by_time && args.scores.is_some() {
        return Err(Failure::usage("--by-time cannot be used with --scores: scores have no times")
            .hint("use --votes"));
    }
    if let Some((flag, _)) = of_bt.iter().find(|(_, is_given)| is_elo && *is_given) {
        return Err(Failure::usage(format!("{flag} cannot be used with --method elo"))
            .hint("online Elo depends on the order of battles and has no interval: use --method bt"));
    }
    if !(args.level > 0.0 && args.level < 1.0) {
        return Err(Failure::usage(format!("--level is {}, expected a number between 0 and 1", args.level)));
    }
    Ok(())
}

/// `length`, or `length=len_a,len_b`.
fn style_column(text: &str) -> Result<StyleColumn, Failure> {
    let column = match text.split_once('=') {
        None => StyleColumn { name: text.into(), a: format!("{text}_a"), b: format!("{text}_b") },
        Some((name, columns)) => match columns.split_once(',') {
            Some((a, b)) => StyleColumn { name: name.into(), a: a.into(), b: b.into() },
            None => {
                return Err(Failure::usage(format!("--style {text}: two columns are needed"))
                    .hint("NAME=COLUMN_OF_A,COLUMN_OF_B"));
            }
        },
    };
    match column.name.is_empty() || column.a.is_empty() || column.b.is_empty() {
        true => Err(Failure::usage(format!("--style '{text}': a name is empty"))),
        false => Ok(column),
    }
}

/// The battles of files.
fn of_files(args: &Args, style: Vec<StyleColumn>) -> Result<BattleTable, Failure> {
    let own = &args.columns;
    let columns = BattleColumns {
        model_a: own.model_a.clone(),
        model_b: own.model_b.clone(),
        winner: own.winner.clone(),
        voter: own.voter.clone(),
        prompt: own.prompt.clone(),
        time: own.time.clone(),
        wants_time: args.by_time,
        style,
    };
    battles::read(&args.files, columns)
}

/// The battles of stored runs, with what is said of them.
fn of_store(args: &Args) -> Result<(BattleTable, Vec<String>), Failure> {
    let store = to_read(&args.store)?;
    let mut runs: Vec<RunId> = Vec::new();
    for wanted in &args.runs {
        let run = store.resolve(wanted).map_err(trouble)?;
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    if runs.is_empty() {
        runs = Arena::usual(&store).map_err(unread)?;
    }
    let arena = Arena::read(&store, &runs).map_err(unread)?;
    let found = match &args.scores {
        Some(name) => arena.of_scores(name),
        None => arena.of_votes(),
    };
    let found: Duels = found.map_err(|e| Failure::usage(e.to_string()).hint("name fewer runs with --run"))?;
    if found.duels.is_empty() {
        return Err(nothing(args, &arena));
    }
    let notes = found.notes.clone();
    Ok((battles::stored(found), notes))
}

/// Why there is nothing to rank.
fn nothing(args: &Args, arena: &Arena) -> Failure {
    match &args.scores {
        None => Failure::usage("nobody voted on answers of these runs")
            .hint("`acidtest view` has a page for blind votes; --scores NAME makes battles of scores"),
        Some(name) => {
            let known = arena.score_names().join(", ");
            let hint = if known.is_empty() {
                "these runs have no scores".to_owned()
            } else {
                format!("there are: {known}")
            };
            Failure::usage(format!("no two targets have the score '{name}' on the same case")).hint(hint)
        }
    }
}

fn read(args: &Args, style: Vec<StyleColumn>) -> Result<Read, Failure> {
    let (mut table, notes) = match args.files.is_empty() {
        true => of_store(args)?,
        false => (of_files(args, style)?, Vec::new()),
    };
    if args.by_time {
        battles::sort_by_time(&mut table);
    }
    let ties = if args.ties == Ties::Drop { battles::drop_ties(&mut table) } else { 0 };
    let few = battles::drop_few(&mut table, args.min_battles)?;
    let mut read = Read::new(table, args.cluster.into())?;
    read.notes.splice(0..0, notes);
    if ties > 0 {
        read.notes.push(format!("{ties} tied battles are dropped: ratings speak of decided battles only"));
    }
    if !few.is_empty() {
        let some = few.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if few.len() > 5 { ", …" } else { "" };
        let n = few.len();
        let k = args.min_battles;
        read.notes.push(format!("{n} models with fewer than {k} battles are left out: {some}{more}"));
    }
    read.left_out = few;
    Ok(read)
}

fn asked(args: &Args, read: &Read) -> Result<Asked, Failure> {
    let mut scale = Scale { centre: args.center, ..Scale::default() };
    if let Some(anchor) = &args.anchor {
        let (model, rating) = anchor.rsplit_once('=').unwrap_or((anchor, "1000"));
        scale.centre = rating.parse().ok().filter(|r: &f64| r.is_finite()).ok_or_else(|| {
            Failure::usage(format!("--anchor {anchor}: '{rating}' is no number"))
                .hint("MODEL=RATING, such as gpt-4=1000")
        })?;
        let at = read.table.models.iter().position(|m| m == model);
        let at = at.ok_or_else(|| {
            let some = read.table.models.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
            Failure::usage(format!("no model '{model}' in the battles")).hint(format!("there are: {some}"))
        })?;
        scale.origin = Origin::Model(at as u32);
    }
    let resamples = args.bootstrap.or((args.interval == Interval::Bootstrap).then_some(1000));
    Ok(Asked {
        estimator: match args.method {
            Method::Bt => Estimator::BradleyTerry { prior_ties: args.prior_ties },
            Method::Elo => Estimator::Elo { k: args.k },
        },
        scale,
        level: args.level,
        resampling: resamples.map(|n| Resampling { resamples: n, level: args.level, seed: args.seed }),
        shown: match args.interval {
            Interval::Sandwich => Shown::Sandwich,
            Interval::Bootstrap => Shown::Bootstrap,
        },
    })
}

fn about(args: &Args, read: &Read, ranking: &Ranking, style: Vec<StyleColumn>) -> RankAbout {
    let settings = RankSettings {
        method: match args.method {
            Method::Elo => RankMethod::Elo { k: args.k, by_time: args.by_time },
            Method::Bt => RankMethod::BradleyTerry { prior_ties: args.prior_ties },
        },
        anchor: args.anchor.clone(),
        center: args.center,
        are_ties_dropped: args.ties == Ties::Drop,
        is_bootstrap_shown: args.interval == Interval::Bootstrap,
        seed: args.seed,
        level: args.level,
        style: style.into_iter().map(|s| s.name).collect(),
        style_words: args.style.clone(),
    };
    let ranked = Ranked {
        models: read.table.models.clone(),
        unit: read.unit_words.to_owned(),
        left_out: read.left_out.clone(),
        notes: read.notes.clone(),
    };
    settings.about(ranking, ranked)
}

fn show(args: &Args, report: &RankReport) -> Result<Exit, Failure> {
    let style = match args.output {
        Some(_) => Style { width: 120, color: false, lang: crate::lang::lang() },
        None => read_back::style(),
    };
    let text = match args.format {
        Form::Terminal => acidtest_report::rank(report, args.matrix, style),
        Form::Json => {
            let json = acidtest_report::rank_json(report);
            serde_json::to_string_pretty(&json).map_err(|e| Failure::new(Exit::Internal, e))? + "\n"
        }
        Form::Csv if args.matrix => acidtest_report::rank_csv_pairs(report),
        Form::Csv => acidtest_report::rank_csv(report),
        Form::Markdown => acidtest_report::rank_markdown(report, style.lang),
    };
    match &args.output {
        Some(file) => std::fs::write(file, text).map_err(|e| cannot_write(file, e))?,
        None if matches!(args.format, Form::Terminal | Form::Markdown) => print(&for_logs(text))?,
        None => print(&text)?,
    }
    Ok(Exit::Ok)
}
