//! Files of votes to battles, with the unit of sampling of each.
//!
//! Main functions: [`read`], [`Read::new`]. Opens files and standard input; what is in them is
//! understood by `acidtest_formats`, what follows from it by `acidtest_metrics`.

use crate::exit::{Exit, Failure};
use acidtest_formats::{BattleColumns, BattleReader, BattleTable, FormatError, StyleColumn, Winner};
use acidtest_metrics::rating::{Battle, MAX_MODELS, Outcome, Style, with_enough};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Bytes read at once.
const PIECE: usize = 1 << 18;

/// What is sampled whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Cluster {
    /// Voters where they are named, else prompts, else battles
    Auto,
    /// Each voter
    Voter,
    /// Each prompt
    Prompt,
    /// Each battle; both orders of one duel about the same prompt are one
    Battle,
}

/// Battles ready to be rated.
pub(crate) struct Read {
    pub table: BattleTable,
    pub battles: Vec<Battle>,
    pub unit: Option<Vec<u32>>,
    pub unit_words: &'static str,
    pub left_out: Vec<String>,
    pub notes: Vec<String>,
}

/// All files, in their order.
pub(crate) fn read(files: &[PathBuf], columns: BattleColumns) -> Result<BattleTable, Failure> {
    let mut reader = BattleReader::new(columns);
    for file in files {
        let is_stdin = file == Path::new("-");
        let name = if is_stdin { "standard input".into() } else { file.display().to_string() };
        let trouble = |e: std::io::Error| {
            Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("cannot read '{name}'")))
                .hint("is it a file, and may you read it?")
        };
        reader.begin(&name);
        match is_stdin {
            true => pour(&mut std::io::stdin().lock(), &mut reader, trouble)?,
            false => pour(&mut std::fs::File::open(file).map_err(trouble)?, &mut reader, trouble)?,
        }
        reader.end().map_err(bad)?;
    }
    Ok(reader.finish())
}

fn pour(
    from: &mut impl std::io::Read,
    reader: &mut BattleReader,
    trouble: impl Fn(std::io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => reader.push(&piece[..n]).map_err(bad)?,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(trouble(e)),
        }
    }
}

fn bad(e: FormatError) -> Failure {
    let hint = e.hint.clone().unwrap_or_default();
    Failure::new(Exit::Usage, e).hint(hint)
}

/// Puts battles in the order of their times; equal times keep the order of the files.
pub(crate) fn sort_by_time(table: &mut BattleTable) {
    let mut order: Vec<usize> = (0..table.battles.len()).collect();
    order.sort_by(|a, b| table.times[*a].total_cmp(&table.times[*b]));
    pick(table, &order);
}

/// Leaves out ties; gives their number.
pub(crate) fn drop_ties(table: &mut BattleTable) -> usize {
    let is_decided = |at: &usize| matches!(table.battles[*at].winner, Winner::A | Winner::B);
    let kept: Vec<usize> = (0..table.battles.len()).filter(is_decided).collect();
    let dropped = table.battles.len() - kept.len();
    if dropped > 0 {
        pick(table, &kept);
    }
    dropped
}

/// Leaves out models with fewer battles than that, and models left without any; names the former.
pub(crate) fn drop_few(table: &mut BattleTable, least: u64) -> Result<Vec<String>, Failure> {
    let models = table.models.len();
    let kept = with_enough(models, &battles(table), least.max(1));
    let mut left_out = Vec::new();
    if kept.contains(&false) {
        let is_kept = |at: &usize| {
            let battle = table.battles[*at];
            kept[battle.a as usize] && kept[battle.b as usize]
        };
        let rows: Vec<usize> = (0..table.battles.len()).filter(is_kept).collect();
        pick(table, &rows);
        let mut numbers = vec![0u32; models];
        let mut names = Vec::new();
        for (at, name) in std::mem::take(&mut table.models).into_iter().enumerate() {
            match kept[at] {
                true => {
                    numbers[at] = names.len() as u32;
                    names.push(name);
                }
                false => left_out.push(name),
            }
        }
        table.models = names;
        for battle in &mut table.battles {
            (battle.a, battle.b) = (numbers[battle.a as usize], numbers[battle.b as usize]);
        }
    }
    match table.models.len() {
        0 | 1 => Err(Failure::usage("no two models are left to compare")
            .hint("--min-battles or --ties drop left out too much")),
        n if n > MAX_MODELS => {
            Err(Failure::usage(format!("{n} models, at most {MAX_MODELS} can be rated at once"))
                .hint("leave out those with few battles: --min-battles N"))
        }
        _ => Ok(left_out),
    }
}

fn pick(table: &mut BattleTable, rows: &[usize]) {
    fn of<T: Copy>(list: &mut Vec<T>, rows: &[usize]) {
        if !list.is_empty() {
            *list = rows.iter().map(|at| list[*at]).collect();
        }
    }
    of(&mut table.battles, rows);
    of(&mut table.voters, rows);
    of(&mut table.prompts, rows);
    of(&mut table.times, rows);
    for (a, b) in &mut table.style {
        of(a, rows);
        of(b, rows);
    }
}

fn battles(table: &BattleTable) -> Vec<Battle> {
    let outcome = |winner| match winner {
        Winner::A => Outcome::A,
        Winner::B => Outcome::B,
        Winner::Tie | Winner::BothBad => Outcome::Tie,
    };
    table.battles.iter().map(|b| Battle { a: b.a, b: b.b, outcome: outcome(b.winner) }).collect()
}

/// Style columns as the metrics take them; `None` without any.
pub(crate) fn style(table: &BattleTable, columns: &[StyleColumn]) -> Result<Option<Style>, Failure> {
    if columns.is_empty() {
        return Ok(None);
    }
    let pairs: Vec<(&[f64], &[f64])> = table.style.iter().map(|(a, b)| (&a[..], &b[..])).collect();
    Style::new(&pairs).map(Some).map_err(|e| {
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        Failure::new(Exit::Usage, e).hint(format!("style columns, from 0: {}", names.join(", ")))
    })
}

impl Read {
    /// Battles with their units.
    pub(crate) fn new(table: BattleTable, cluster: Cluster) -> Result<Self, Failure> {
        let has = |ids: &[u32]| ids.iter().any(|id| *id > 0);
        let several =
            |ids: &[u32]| ids.iter().filter(|id| **id > 0).any(|id| Some(id) != ids.iter().find(|i| **i > 0));
        let mut notes = Vec::new();
        let missing = |what: &str, flag: &str| {
            Failure::usage(format!("--cluster {what}: the battles name no {what}"))
                .hint(format!("name the column: {flag} NAME"))
        };
        let cluster = match cluster {
            Cluster::Voter if !has(&table.voters) => return Err(missing("voter", "--voter")),
            Cluster::Prompt if !has(&table.prompts) => return Err(missing("prompt", "--prompt")),
            Cluster::Auto if several(&table.voters) => Cluster::Voter,
            Cluster::Auto => {
                if has(&table.voters) && table.voters.iter().all(|v| *v > 0) {
                    notes.push("all votes are of one voter: sampled by prompt or battle".to_owned());
                }
                if several(&table.prompts) { Cluster::Prompt } else { Cluster::Battle }
            }
            asked => asked,
        };
        let (unit, unit_words) = match cluster {
            Cluster::Voter => (Some(by(&table, &[&table.voters, &table.prompts])), "voter"),
            Cluster::Prompt => (Some(by(&table, &[&table.prompts])), "prompt"),
            _ => duels(&table).map_or((None, "battle"), |unit| (Some(unit), "duel")),
        };
        let battles = battles(&table);
        Ok(Self { table, battles, unit, unit_words, left_out: Vec::new(), notes })
    }
}

/// Units by the first of the lists that names one; a battle that none names is its own.
fn by(table: &BattleTable, lists: &[&Vec<u32>]) -> Vec<u32> {
    let mut numbers: Vec<Vec<u32>> =
        lists.iter().map(|ids| vec![u32::MAX; ids.iter().max().map_or(1, |m| *m as usize + 1)]).collect();
    let mut next = 0u32;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    (0..table.battles.len())
        .map(|at| {
            let named = lists.iter().zip(&mut numbers).find_map(|(ids, numbers)| {
                let id = ids.get(at).copied().filter(|id| *id > 0)?;
                Some(&mut numbers[id as usize])
            });
            match named {
                Some(number) => {
                    if *number == u32::MAX {
                        *number = fresh();
                    }
                    *number
                }
                None => fresh(),
            }
        })
        .collect()
}

/// Battles of the same two models about the same prompt before the same voter are one duel,
/// whichever side they stood on. `None` where no two battles are.
fn duels(table: &BattleTable) -> Option<Vec<u32>> {
    if table.prompts.is_empty() {
        return None;
    }
    let mut seen: HashMap<(u32, u32, u32, u32), u32> = HashMap::new();
    let mut next = 0u32;
    let mut unit = Vec::with_capacity(table.battles.len());
    for (at, battle) in table.battles.iter().enumerate() {
        let prompt = table.prompts[at];
        let voter = table.voters.get(at).copied().unwrap_or(0);
        let key = (prompt, voter, battle.a.min(battle.b), battle.a.max(battle.b));
        let number = match prompt {
            0 => next,
            _ => *seen.entry(key).or_insert(next),
        };
        next += u32::from(number == next);
        unit.push(number);
    }
    ((next as usize) < unit.len()).then_some(unit)
}
