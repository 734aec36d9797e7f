//! Files of votes, and stored votes and scores, to battles with the unit of sampling of each.
//!
//! Main functions: [`read`], [`stored`], [`Read::new`]. Opens files and standard input; what is in them is
//! understood by `acidtest_formats`, what follows from it by `acidtest_metrics`.

use crate::exit::{Exit, Failure};
use acidtest_findings::duels::{Choice, Cluster, Duel, Duels, Pair, Units, units};
use acidtest_formats::{
    BattleColumns, BattleLine, BattleReader, BattleTable, FormatError, StyleColumn, Winner,
};
use acidtest_metrics::rating::{Battle, MAX_MODELS, Outcome, Style, with_enough};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const PIECE: usize = 1 << 18;

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

/// Battles of stored runs as a table, in the order of their votes.
pub(crate) fn stored(duels: Duels) -> BattleTable {
    let winner = |choice| match choice {
        Choice::A => Winner::A,
        Choice::B => Winner::B,
        Choice::Tie => Winner::Tie,
        Choice::BothBad => Winner::BothBad,
    };
    let line = |d: &Duel| BattleLine { a: d.a, b: d.b, winner: winner(d.choice) };
    BattleTable {
        battles: duels.duels.iter().map(line).collect(),
        models: duels.models,
        voters: duels.voters,
        prompts: duels.cases,
        times: duels.times,
        style: Vec::new(),
    }
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
        let pairs: Vec<Pair> = table.battles.iter().map(|b| Pair { a: b.a, b: b.b }).collect();
        let found = units(&pairs, &table.voters, &table.prompts, cluster).map_err(|e| {
            Failure::usage(format!("--cluster {}: {e}", e.what))
                .hint(format!("name the column: --{} NAME", e.what))
        })?;
        let battles = battles(&table);
        let Units { unit, words: unit_words, notes } = found;
        Ok(Self { table, battles, unit, unit_words, left_out: Vec::new(), notes })
    }
}
