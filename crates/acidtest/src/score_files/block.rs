//! From files to a table of rows: segments in blocks, blocks to threads, rows in order.
//!
//! Main function: [`score`]. Texts are dropped with their block, but for metrics that need all.

use super::read::{Fields, Form, Reader, Role, Segment};
use crate::exit::Failure;
use acidtest_findings::{Chosen, ScoredCase, TextTable};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::stats::{Rows, StatError};
use acidtest_record::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Segments in a block.
const BLOCK: usize = 256;

/// Which files, and how they are read.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    pub predictions: PathBuf,
    pub references: Vec<PathBuf>,
    pub form: Option<Form>,
    pub fields: Fields,
    /// Whether digests are needed, to write or to pair.
    pub digests: bool,
    pub threads: usize,
}

/// Segments with their place among all blocks.
struct Block {
    number: usize,
    segments: Vec<Segment>,
}

/// What became of a block.
struct Done {
    rows: Rows,
    cases: Vec<ScoredCase>,
    texts: Vec<String>,
    /// Fewest and most references.
    references: (usize, usize),
}

/// Scores files: the table, and what a reader must know of them.
pub(crate) fn score(inputs: &Inputs, chosen: Chosen) -> Result<(TextTable, Vec<String>), Failure> {
    let mut files = Files::open(inputs, &chosen)?;
    let work =
        Work { keep_texts: chosen.needs_texts(), digests: inputs.digests, name: files.first.name.clone() };
    let done = match inputs.threads {
        0 | 1 => alone(&mut files, &chosen, &work)?,
        threads => together(&mut files, &chosen, &work, threads)?,
    };
    files.check_end()?;
    let warnings = files.warnings();
    let mut table = TextTable {
        rows: Rows::new(chosen.width()),
        chosen,
        cases: Vec::new(),
        by: inputs.fields.by.clone(),
        references: None,
        wholes: Vec::new(),
    };
    let (mut texts, mut fewest, mut most) = (Vec::new(), usize::MAX, 0);
    for block in done {
        table.rows.append(&block.rows);
        table.cases.extend(block.cases);
        texts.extend(block.texts);
        (fewest, most) = (fewest.min(block.references.0), most.max(block.references.1));
    }
    table.references = (fewest == most).then_some(most);
    if table.chosen.needs_texts() {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        table.wholes = table.chosen.wholes(&texts);
    }
    Ok((table, warnings))
}

struct Files {
    first: Reader,
    others: Vec<Reader>,
    by: Vec<String>,
    seen_by: Vec<bool>,
    scratch: Segment,
}

impl Files {
    fn open(inputs: &Inputs, chosen: &Chosen) -> Result<Self, Failure> {
        let stdin = inputs.references.iter().chain([&inputs.predictions]).filter(|p| p.as_os_str() == "-");
        if stdin.count() > 1 {
            return Err(Failure::usage("standard input is named twice").hint("only one file can be '-'"));
        }
        let role = match (inputs.references.is_empty(), chosen.needs_references()) {
            (true, true) => Role::Both,
            _ => Role::Predictions,
        };
        let first = Reader::open(&inputs.predictions, inputs.form, role, &inputs.fields)?;
        let open = |path| Reader::open(path, inputs.form, Role::References, &inputs.fields);
        let others = inputs.references.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let by = inputs.fields.by.clone();
        let seen_by = vec![false; by.len()];
        Ok(Self { first, others, by, seen_by, scratch: Segment::default() })
    }

    /// The next segment of all files; `None` where the first that ends ends.
    fn next(&mut self) -> Result<Option<Segment>, Failure> {
        let mut own = Segment::default();
        let mut more = self.first.next(&mut own)?;
        for other in &mut self.others {
            let is_more = other.next(&mut self.scratch)?;
            if !(is_more && more) {
                more = false;
                continue;
            }
            own.references.append(&mut self.scratch.references);
            if let (Some(a), Some(b)) = (&own.id, &self.scratch.id)
                && a != b
            {
                let (x, y) = (&self.first.name, &other.name);
                return Err(Failure::usage(format!(
                    "{y}:{}: its id '{b}' is not '{a}', which stands in its place in {x}",
                    self.scratch.line
                ))
                .hint("predictions and references are paired by their place: bring both into one order"));
            }
            own.id = own.id.or_else(|| self.scratch.id.take());
            own.cluster = own.cluster.or_else(|| self.scratch.cluster.take());
            if own.tags.is_empty() {
                own.tags.append(&mut self.scratch.tags);
            }
            for (tag, more) in own.tags.iter_mut().zip(&mut self.scratch.tags) {
                *tag = tag.take().or_else(|| more.take());
            }
        }
        for (seen, tag) in self.seen_by.iter_mut().zip(&own.tags) {
            *seen |= tag.is_some();
        }
        own.id = own.id.or_else(|| Some(self.first.segments.to_string()));
        Ok(more.then_some(own))
    }

    fn block(&mut self, number: usize) -> Result<Option<Block>, Failure> {
        let mut segments = Vec::with_capacity(BLOCK);
        while segments.len() < BLOCK {
            match self.next()? {
                Some(segment) => segments.push(segment),
                None => break,
            }
        }
        Ok((!segments.is_empty()).then_some(Block { number, segments }))
    }

    /// Whether all files had as many segments, and one at all.
    fn check_end(&mut self) -> Result<(), Failure> {
        let Self { first, others, scratch, .. } = self;
        for reader in std::iter::once(&mut *first).chain(others.iter_mut()) {
            while reader.next(scratch)? {}
        }
        let n = first.segments;
        if let Some(other) = others.iter().find(|r| r.segments != n) {
            let what = format!("{} has {n} segments and {} has {}", first.name, other.name, other.segments);
            return Err(Failure::usage(what).hint("every prediction needs its reference in the same place"));
        }
        if n == 0 {
            return Err(
                Failure::usage(format!("{} holds no segment", first.name)).hint("is it the right file?")
            );
        }
        if let Some(place) = self.seen_by.iter().position(|seen| !seen) {
            return Err(Failure::usage(format!("no segment has the field '{}' of --by", self.by[place]))
                .hint("--by names a field of JSON Lines or a column of CSV"));
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        std::iter::once(&self.first).chain(&self.others).flat_map(Reader::warnings).collect()
    }
}

/// What a thread must know.
struct Work {
    keep_texts: bool,
    digests: bool,
    name: String,
}

impl Work {
    fn do_it(&self, metrics: &mut [Box<dyn RowMetric>], block: Block) -> Result<Done, Failure> {
        let width = metrics.iter().map(|m| m.width()).sum();
        let mut done = Done {
            rows: Rows::new(width),
            cases: Vec::with_capacity(block.segments.len()),
            texts: Vec::new(),
            references: (usize::MAX, 0),
        };
        for segment in block.segments {
            let references: Vec<&str> = segment.references.iter().map(String::as_str).collect();
            let mut row = done.rows.push();
            for metric in metrics.iter_mut() {
                let (own, rest) = row.split_at_mut(metric.width());
                let written = metric.row(&segment.prediction, &references, own);
                written.map_err(|e| self.refused(segment.line, metric.outputs()[0].id, &e))?;
                row = rest;
            }
            let n = references.len();
            done.references = (done.references.0.min(n), done.references.1.max(n));
            let digest =
                |parts: &[&[u8]]| if self.digests { Digest::of_parts(parts) } else { Digest::default() };
            let parts: Vec<&[u8]> = references.iter().map(|r| r.as_bytes()).collect();
            done.cases.push(ScoredCase {
                id: segment.id.unwrap_or_default(),
                cluster: segment.cluster,
                tags: segment.tags.into_iter().map(Option::unwrap_or_default).collect(),
                reference: digest(&parts),
                prediction: digest(&[segment.prediction.as_bytes()]),
            });
            if self.keep_texts {
                done.texts.push(segment.prediction);
            }
        }
        Ok(done)
    }

    fn refused(&self, line: u64, metric: &str, why: &StatError) -> Failure {
        Failure::usage(format!("{}:{line}: {metric}: {why}", self.name)).hint("see docs/guide/score.md")
    }
}

fn alone(files: &mut Files, chosen: &Chosen, work: &Work) -> Result<Vec<Done>, Failure> {
    let mut metrics = chosen.another();
    let mut all = Vec::new();
    while let Some(block) = files.block(all.len())? {
        all.push(work.do_it(&mut metrics, block)?);
    }
    Ok(all)
}

fn together(files: &mut Files, chosen: &Chosen, work: &Work, threads: usize) -> Result<Vec<Done>, Failure> {
    let (to_do, blocks) = mpsc::sync_channel::<Block>(2 * threads);
    let (finished, results) = mpsc::channel();
    // Owned by the threads alone: where all of them are gone, sending ends too.
    let blocks = Arc::new(Mutex::new(blocks));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (finished, blocks, mut metrics) = (finished.clone(), Arc::clone(&blocks), chosen.another());
            scope.spawn(move || {
                loop {
                    let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(block) = next else { break };
                    let number = block.number;
                    if finished.send((number, work.do_it(&mut metrics, block))).is_err() {
                        break;
                    }
                }
            });
        }
        drop((finished, blocks));
        let mut number = 0;
        let mut done: BTreeMap<usize, Result<Done, Failure>> = BTreeMap::new();
        let mut read = Ok(());
        loop {
            match files.block(number) {
                Ok(Some(block)) => match to_do.send(block) {
                    Ok(()) => number += 1,
                    Err(_) => break,
                },
                Ok(None) => break,
                Err(e) => {
                    read = Err(e);
                    break;
                }
            }
            done.extend(results.try_iter());
            // The first error in the order of the files is the one that is said.
            if done.values().any(Result::is_err) {
                break;
            }
        }
        drop(to_do);
        done.extend(results.iter());
        let all = done.into_values().collect::<Result<Vec<_>, _>>()?;
        read.map(|()| all)
    })
}
