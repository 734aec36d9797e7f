//! Korean morphemes: the search of mecab-ko over the compiled dictionary mecab-ko-dic.
//!
//! Main type: [`KoDic`]. It cuts as sacreBLEU's `ko-mecab` does, ties and limits included. It opens
//! no files: the caller gives their bytes.

mod files;

use crate::text::is_python_space;
use files::{Categories, Category, Costs, Entry, Words};
use std::fmt;
use std::hash::{Hash, Hasher};

/// The longest run of like characters behind the first of an unknown word.
const LONGEST_GROUP: usize = 24;
/// Longer lines are searched in pieces of at most this many bytes, which bounds the memory.
const PIECE: usize = 1 << 20;
/// Where no node is.
const NONE: u32 = u32::MAX;

/// A dictionary that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KoDicError {
    /// A file could not be read.
    #[error("{name} of the morpheme dictionary cannot be read: {reason}")]
    File {
        /// Its name.
        name: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// A file is not what MeCab's compiler writes.
    #[error("{name} of the morpheme dictionary cannot be used: {what}")]
    Form {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// A Korean dictionary in memory, about 50 MB.
pub struct KoDic {
    words: Words,
    costs: Costs,
    categories: Categories,
    /// The entries of unknown words, by category.
    unknown: Vec<Vec<Entry>>,
    /// What a part of speech costs more behind white space.
    penalties: Vec<(u16, i32)>,
    space: Category,
}

impl KoDic {
    /// The words of mecab-ko-dic 2.1.1, the only dictionary that sacreBLEU takes.
    pub const REFERENCE_WORDS: usize = 811_795;

    /// Reads a compiled dictionary: `file` gives the bytes of `matrix.bin`, `char.bin`, `unk.dic`,
    /// `sys.dic` and `dicrc`, in this order.
    ///
    /// # Errors
    /// A file that `file` cannot give, or that is not of MeCab's form.
    pub fn read<E: fmt::Display>(
        mut file: impl FnMut(&'static str) -> Result<Vec<u8>, E>,
    ) -> Result<KoDic, KoDicError> {
        let mut bytes = |name| file(name).map_err(|e| KoDicError::File { name, reason: e.to_string() });
        let costs = Costs::read(&bytes("matrix.bin")?)?;
        let categories = Categories::read(&bytes("char.bin")?)?;
        let of_unknown = Words::read("unk.dic", &bytes("unk.dic")?, &costs)?;
        let unknown: Vec<Vec<Entry>> =
            categories.names().map(|name| of_unknown.exactly(name).to_vec()).collect();
        if unknown.iter().any(Vec::is_empty) {
            return Err(KoDicError::Form { name: "unk.dic", what: "a category of char.bin has no entry" });
        }
        let words = Words::read("sys.dic", &bytes("sys.dic")?, &costs)?;
        let penalties = penalties(&bytes("dicrc")?)?;
        let space = categories.of(' ');
        Ok(KoDic { words, costs, categories, unknown, penalties, space })
    }

    /// How many entries it has; [`KoDic::REFERENCE_WORDS`] are those of the reference.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Writes a line's morphemes with spaces between them. White space around the line is cut; as
    /// in the reference, a line ends at its first U+0000.
    pub(super) fn spaced(&self, line: &str, out: &mut Vec<u8>) {
        let line = line.trim_matches(is_python_space);
        let mut rest = line.split('\0').next().unwrap_or(line);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            Search::of(self, piece).write(out);
            rest = behind;
        }
    }

    fn penalty(&self, entry: &Entry) -> i64 {
        let found = self.penalties.iter().find(|(pos, _)| *pos == entry.pos);
        found.map_or(0, |(_, cost)| i64::from(*cost))
    }
}

/// A dictionary equals itself only.
impl PartialEq for KoDic {
    fn eq(&self, other: &KoDic) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for KoDic {}

impl Hash for KoDic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self, state);
    }
}

impl fmt::Debug for KoDic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KoDic").field("words", &self.words()).finish_non_exhaustive()
    }
}

/// `left-space-penalty-factor` of `dicrc`: part of speech, cost, part of speech, cost and so on.
fn penalties(dicrc: &[u8]) -> Result<Vec<(u16, i32)>, KoDicError> {
    let wrong = |what| KoDicError::Form { name: "dicrc", what };
    let text = std::str::from_utf8(dicrc).map_err(|_| wrong("it is not in UTF-8"))?;
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let Some((_, list)) = lines.into_iter().find(|(key, _)| key.trim() == "left-space-penalty-factor") else {
        return Ok(Vec::new());
    };
    let numbers: Option<Vec<i32>> = list.split(',').map(|n| n.trim().parse().ok()).collect();
    let numbers = numbers.ok_or_else(|| wrong("left-space-penalty-factor is not a list of numbers"))?;
    let pair = |pair: &[i32]| Some((u16::try_from(pair[0]).ok()?, *pair.get(1)?));
    let pairs: Option<Vec<(u16, i32)>> = numbers.chunks(2).map(pair).collect();
    pairs.ok_or_else(|| wrong("left-space-penalty-factor is not a list of pairs"))
}

/// A morpheme that may be, with the cheapest way to it.
struct Node {
    start: u32,
    end: u32,
    /// The node before it on the cheapest way.
    before: u32,
    /// The next node that ends where this one does.
    sibling: u32,
    right: u16,
    cost: i64,
}

/// One candidate at a place, before it is connected.
struct Candidate<'a> {
    entry: &'a Entry,
    end: usize,
}

/// The search for the cheapest way through a line: Viterbi's, forward.
struct Search<'a> {
    dic: &'a KoDic,
    line: &'a str,
    nodes: Vec<Node>,
    /// The newest node that ends at each byte.
    ending: Vec<u32>,
}

impl<'a> Search<'a> {
    fn of(dic: &'a KoDic, line: &'a str) -> Search<'a> {
        let mut search = Search { dic, line, nodes: Vec::new(), ending: vec![NONE; line.len() + 1] };
        search.nodes.push(Node { start: 0, end: 0, before: NONE, sibling: NONE, right: 0, cost: 0 });
        search.ending[0] = 0;
        let mut candidates = Vec::new();
        for at in 0..line.len() {
            if search.ending[at] == NONE {
                continue;
            }
            let start = search.behind_spaces(at);
            if start < line.len() {
                search.candidates(start, &mut candidates);
                // The last one found comes first, as in the reference: this settles ties.
                for candidate in candidates.drain(..).rev() {
                    search.connect(at, start, &candidate);
                }
            }
        }
        search
    }

    /// The first character at or behind `at` that is no white space of the dictionary's.
    fn behind_spaces(&self, at: usize) -> usize {
        let mut like = self.dic.space;
        let end = self.line[at..].char_indices().find(|(_, c)| {
            let category = self.dic.categories.of(*c);
            !std::mem::replace(&mut like, category).is_like(category)
        });
        end.map_or(self.line.len(), |(i, _)| at + i)
    }

    /// Known words at `start`, and unknown ones where the dictionary wants them.
    fn candidates(&self, start: usize, found: &mut Vec<Candidate<'a>>) {
        let dic = self.dic;
        let line = self.line;
        dic.words.prefixes(&line.as_bytes()[start..], |length, entries| {
            if length > 0 && line.is_char_boundary(start + length) {
                found.extend(entries.iter().map(|entry| Candidate { entry, end: start + length }));
            }
        });
        let mut chars = line[start..].chars();
        let Some(first) = chars.next() else { return };
        let first_end = start + first.len_utf8();
        let category = dic.categories.of(first);
        if !found.is_empty() && !category.always() {
            return;
        }
        let entries = &dic.unknown[category.default()];
        let mut unknown = |end: usize| found.extend(entries.iter().map(|entry| Candidate { entry, end }));
        let group = if category.groups() { self.group(first_end, category) } else { None };
        if let Some(end) = group {
            unknown(end);
        }
        let mut end = first_end;
        for _ in 0..category.length() {
            if group == Some(end) {
                break;
            }
            unknown(end);
            match chars.next() {
                Some(c) if category.is_like(dic.categories.of(c)) => end += c.len_utf8(),
                _ => break,
            }
        }
        if found.is_empty() {
            found.extend(entries.iter().map(|entry| Candidate { entry, end: first_end }));
        }
    }

    /// Where the run of like characters ends that goes on at `from`; nowhere if it is too long.
    /// Each is compared with the one before it.
    fn group(&self, from: usize, category: Category) -> Option<usize> {
        let (mut end, mut like, mut length) = (from, category, 0);
        for c in self.line[from..].chars() {
            let category = self.dic.categories.of(c);
            if !like.is_like(category) {
                break;
            }
            (end, like, length) = (end + c.len_utf8(), category, length + 1);
            if length > LONGEST_GROUP {
                return None;
            }
        }
        Some(end)
    }

    /// Puts a candidate behind the cheapest node that ends at `at`; of equals, behind the newest.
    fn connect(&mut self, at: usize, start: usize, candidate: &Candidate<'_>) {
        let entry = candidate.entry;
        let (before, cost) = self.cheapest(at, entry.left);
        let penalty = if start > at { self.dic.penalty(entry) } else { 0 };
        let node = Node {
            start: start as u32,
            end: candidate.end as u32,
            before,
            sibling: self.ending[candidate.end],
            right: entry.right,
            cost: cost + i64::from(entry.cost) + penalty,
        };
        self.ending[candidate.end] = self.nodes.len() as u32;
        self.nodes.push(node);
    }

    fn cheapest(&self, at: usize, left: u16) -> (u32, i64) {
        let row = self.dic.costs.row(left);
        let (mut best, mut best_cost) = (NONE, i64::MAX);
        let mut at = self.ending[at];
        while let Some(node) = self.nodes.get(at as usize) {
            let cost = node.cost + i64::from(row[usize::from(node.right)]);
            if cost < best_cost {
                (best, best_cost) = (at, cost);
            }
            at = node.sibling;
        }
        (best, best_cost)
    }

    /// Writes the morphemes of the cheapest way, a space behind each.
    fn write(&self, out: &mut Vec<u8>) {
        let last = self.ending.iter().rposition(|node| *node != NONE).unwrap_or(0);
        let (mut at, _) = self.cheapest(last, 0);
        let mut way = Vec::new();
        while let Some(node) = self.nodes.get(at as usize) {
            way.push((node.start as usize, node.end as usize));
            at = node.before;
        }
        for (start, end) in way.into_iter().rev().skip(1) {
            out.extend_from_slice(&self.line.as_bytes()[start..end]);
            out.push(b' ');
        }
    }
}

#[cfg(test)]
mod tests;
