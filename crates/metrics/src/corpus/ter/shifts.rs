//! Edits with shifts: the search of tercom as sacreBLEU limits it.
//!
//! Main type: [`Shifts`], the scratch memory. Every order of trial and every limit is the
//! reference's; it must not look for better shifts.

use super::table::{Step, Table};

const MOST_WORDS: usize = 10;
const MOST_DISTANCE: usize = 50;
const MOST_CANDIDATES: usize = 1000;

/// How hypothesis and reference stand to each other.
#[derive(Debug, Default)]
struct Alignment {
    /// Per reference word: the last hypothesis word at or before it, plus 1.
    after: Vec<usize>,
    /// Number of wrong words before each position.
    wrong_reference: Vec<u32>,
    wrong_hypothesis: Vec<u32>,
}

/// Scratch memory of the search.
#[derive(Debug, Default)]
pub(super) struct Shifts {
    table: Table,
    alignment: Alignment,
    steps: Vec<Step>,
    trial: Vec<u32>,
    best: Vec<u32>,
    places: Vec<Vec<u32>>,
}

/// Rank of a candidate: edits saved, length, then the earliest.
type Rank = (i64, usize, std::cmp::Reverse<usize>, std::cmp::Reverse<usize>);

impl Shifts {
    /// Fewest edits found: shifts and the edit distance after them. Changes the hypothesis.
    /// Words are numbers below `words`.
    pub(super) fn edits(&mut self, hypothesis: &mut Vec<u32>, reference: &[u32], words: usize) -> u64 {
        if reference.is_empty() || hypothesis.is_empty() {
            return hypothesis.len().max(reference.len()) as u64;
        }
        if hypothesis == reference {
            return 0;
        }
        self.index(reference, words);
        self.table.shape(hypothesis.len(), reference.len());
        let (mut shifts, mut tried) = (0, 0);
        loop {
            let distance = self.table.fill(hypothesis, reference);
            let saved = self.shift(hypothesis, reference, distance, &mut tried);
            if tried >= MOST_CANDIDATES || saved <= 0 {
                break u64::from(distance) + shifts;
            }
            shifts += 1;
            std::mem::swap(hypothesis, &mut self.best);
        }
    }

    /// Where each word stands in the reference.
    fn index(&mut self, reference: &[u32], words: usize) {
        for list in &mut self.places {
            list.clear();
        }
        if self.places.len() < words {
            self.places.resize(words, Vec::new());
        }
        for (at, word) in reference.iter().enumerate() {
            self.places[*word as usize].push(at as u32);
        }
    }

    /// Finds the best shift and leaves its words in `best`; returns what it saves.
    fn shift(&mut self, words: &[u32], reference: &[u32], distance: u32, tried: &mut usize) -> i64 {
        self.align(words, reference);
        let mut best: Option<Rank> = None;
        for start in 0..words.len() {
            let places = std::mem::take(&mut self.places[words[start] as usize]);
            let low = places.partition_point(|at| (*at as usize) + MOST_DISTANCE < start);
            for at in places[low..].iter().map(|at| *at as usize) {
                if at > start + MOST_DISTANCE || *tried >= MOST_CANDIDATES {
                    break;
                }
                let most = MOST_WORDS.min(words.len() - start).min(reference.len() - at);
                let run = words[start..].iter().zip(&reference[at..]).take(most);
                let run = run.take_while(|(h, r)| h == r).count();
                for length in 1..=run {
                    let lengths = (start, at, length);
                    if !self.alignment.may_shift(lengths) {
                        continue;
                    }
                    self.targets(words, reference, distance, lengths, tried, &mut best);
                    if *tried >= MOST_CANDIDATES {
                        break;
                    }
                }
            }
            self.places[words[start] as usize] = places;
            if *tried >= MOST_CANDIDATES {
                break;
            }
        }
        best.map_or(0, |best| best.0)
    }

    /// Tries the places that a run of words may go to.
    fn targets(
        &mut self,
        words: &[u32],
        reference: &[u32],
        distance: u32,
        (start, at, length): (usize, usize, usize),
        tried: &mut usize,
        best: &mut Option<Rank>,
    ) {
        let mut previous = None;
        for place in at..=at + length {
            let target = if place == 0 { 0 } else { self.alignment.after[place - 1] };
            if previous == Some(target) {
                continue;
            }
            previous = Some(target);
            self.trial.clear();
            let (from, to) = moved(words, start, length, target, &mut self.trial);
            let after = self.table.changed(&self.trial, reference, from, to);
            let saved = i64::from(distance) - i64::from(after);
            let rank = (saved, length, std::cmp::Reverse(start), std::cmp::Reverse(target));
            *tried += 1;
            if best.is_none_or(|best| rank > best) {
                *best = Some(rank);
                std::mem::swap(&mut self.best, &mut self.trial);
            }
        }
    }

    fn align(&mut self, words: &[u32], reference: &[u32]) {
        let Shifts { table, alignment, steps, .. } = self;
        steps.clear();
        table.steps(words, reference, |step| steps.push(step));
        let Alignment { after, wrong_reference, wrong_hypothesis } = alignment;
        after.clear();
        for wrong in [&mut *wrong_reference, &mut *wrong_hypothesis] {
            wrong.clear();
            wrong.push(0);
        }
        let (mut i, mut wrong_h, mut wrong_r) = (0, 0, 0);
        for step in steps.iter().rev() {
            let differ = *step != Step::Both || words[i] != reference[after.len()];
            if *step != Step::Reference {
                i += 1;
                wrong_h += u32::from(differ);
                wrong_hypothesis.push(wrong_h);
            }
            if *step != Step::Hypothesis {
                after.push(i);
                wrong_r += u32::from(differ);
                wrong_reference.push(wrong_r);
            }
        }
    }
}

impl Alignment {
    /// Is a word wrong on both sides, and the target not within the run itself?
    fn may_shift(&self, (start, at, length): (usize, usize, usize)) -> bool {
        let wrong = |sums: &[u32], from: usize| sums[from + length] > sums[from];
        wrong(&self.wrong_hypothesis, start)
            && wrong(&self.wrong_reference, at)
            && !(start + 1..start + 1 + length).contains(&self.after[at])
    }
}

/// Writes the words with a run moved to before `target`; a target within the run counts from its
/// end. Returns the part that may differ.
fn moved(words: &[u32], start: usize, length: usize, target: usize, out: &mut Vec<u32>) -> (usize, usize) {
    let end = start + length;
    // What the run changes places with.
    let (from, to) = if target < start {
        (target, start)
    } else if target > end {
        (end, target)
    } else {
        (end, (length + target).min(words.len()))
    };
    let first = start.min(from);
    out.extend_from_slice(&words[..first]);
    if from < start {
        out.extend_from_slice(&words[start..end]);
        out.extend_from_slice(&words[from..to]);
    } else {
        out.extend_from_slice(&words[from..to]);
        out.extend_from_slice(&words[start..end]);
    }
    let last = end.max(to);
    out.extend_from_slice(&words[last..]);
    (first, last)
}
