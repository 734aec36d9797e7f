//! Which cases of a set are asked: `select:` and the flags of the command line.
//!
//! Main type: [`Selection`]. Every choice follows from a case's own id, tags and split:
//! it does not depend on the order of the file. Must not change a case.

use crate::empty;
use crate::error::{Source, Span, SuiteError};
use crate::filter::{self, Expression};
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_record::{Case, Digest};

/// Keys of `select` as a map.
pub(crate) const KEYS: [&str; 5] = ["filter", "split", "shard", "sample", "limit"];
/// Keys of `sample`.
pub(crate) const SAMPLE_KEYS: [&str; 2] = ["n", "seed"];

const MAX_SHARDS: u64 = 100_000;

/// Which cases are asked. All that is given must hold; a sample is drawn from what is
/// left, and the limit cuts the sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// A condition such as `lang=ko and not id~draft-*`.
    pub filter: Option<String>,
    /// Splits; none means all.
    pub splits: Vec<String>,
    /// Which part of how many, from 1.
    pub shard: Option<(u32, u32)>,
    /// How many cases are drawn, and by which seed.
    pub sample: Option<(u64, u64)>,
    /// The first so many.
    pub limit: Option<u64>,
}

impl Selection {
    /// Whether nothing is chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A shard as written on the command line: `2/5`.
    ///
    /// # Errors
    /// The text is not of that form, or the part is not among them.
    pub fn parse_shard(text: &str) -> Result<(u32, u32), String> {
        let form = || "write PART/PARTS, such as 2/5".to_owned();
        let (part, parts) = text.split_once('/').ok_or_else(form)?;
        let number = |t: &str| t.trim().parse::<u32>().map_err(|_| form());
        let (part, parts) = (number(part)?, number(parts)?);
        if part == 0 || part > parts || u64::from(parts) > MAX_SHARDS {
            return Err(format!("parts go from 1 to {}, not {part}", parts.max(1)));
        }
        Ok((part, parts))
    }

    /// What is chosen, in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut out = Vec::new();
        if !self.splits.is_empty() {
            out.push(format!("split {}", self.splits.join(", ")));
        }
        out.extend(self.filter.as_ref().map(|f| format!("filter {f}")));
        out.extend(self.shard.map(|(i, n)| format!("shard {i}/{n}")));
        out.extend(self.sample.map(|(n, seed)| format!("sample of {n} (seed {seed})")));
        out.extend(self.limit.map(|n| format!("limit {n}")));
        out
    }

    /// The cases that are chosen, in their order.
    pub(crate) fn choose(
        &self,
        cases: Vec<Case>,
        source: &Source,
        span: Span,
    ) -> Result<Vec<Case>, SuiteError> {
        let filter = self.filter.as_deref().map(|text| compile(text, &cases, source, span)).transpose()?;
        if let Some((message, hint)) = empty::split(self, &cases) {
            return Err(source.error(span, message).hint(hint));
        }
        let in_split =
            |c: &Case| self.splits.is_empty() || c.split.as_ref().is_some_and(|s| self.splits.contains(s));
        let mut chosen: Vec<Case> = cases
            .into_iter()
            .filter(|c| in_split(c) && filter.as_ref().is_none_or(|f| f.holds(c)))
            .filter(|c| self.shard.is_none_or(|(part, parts)| shard_of(&c.id, parts) + 1 == part))
            .collect();
        if let Some((n, seed)) = self.sample {
            let mut keys: Vec<(u64, usize)> =
                chosen.iter().enumerate().map(|(i, c)| (draw(&c.id, seed), i)).collect();
            keys.sort_unstable();
            let mut keep = vec![false; chosen.len()];
            for (_, i) in keys.into_iter().take(usize::try_from(n).unwrap_or(usize::MAX)) {
                keep[i] = true;
            }
            let mut keep = keep.into_iter();
            chosen.retain(|_| keep.next().unwrap_or(false));
        }
        if let Some(n) = self.limit {
            chosen.truncate(usize::try_from(n).unwrap_or(usize::MAX));
        }
        Ok(chosen)
    }
}

/// The shard, from 0, of a case: by a digest of its id.
pub(crate) fn shard_of(id: &str, parts: u32) -> u32 {
    (number(&[b"shard", id.as_bytes()]) % u64::from(parts)) as u32
}

/// The lot that a case draws.
fn draw(id: &str, seed: u64) -> u64 {
    number(&[b"sample", &seed.to_le_bytes(), id.as_bytes()])
}

fn number(parts: &[&[u8]]) -> u64 {
    let digest = Digest::of_parts(parts);
    u64::from_le_bytes(digest.0[..8].try_into().expect("8 of 16 bytes"))
}

fn compile(text: &str, cases: &[Case], source: &Source, span: Span) -> Result<Expression, SuiteError> {
    filter::parse(text, cases).map_err(|bad| {
        let line =
            source.text.lines().nth(span.line.saturating_sub(source.first_line) as usize).unwrap_or("");
        let from: String = line.chars().skip(span.column.saturating_sub(1) as usize).collect();
        // The caret points into the text where it stands in the file as it is.
        let place = match from.find(text).map(|at| from[..at].chars().count()) {
            Some(before) => {
                let within = text[..bad.at].chars().count();
                let len = text[bad.at..].chars().count().max(1) as u32;
                Span { column: span.column + (before + within) as u32, len: len.min(bad.len.max(1)), ..span }
            }
            None => span,
        };
        source.error(place, bad.what).hint(bad.hint)
    })
}

/// Reads `select`.
pub(crate) fn read(suite: &Fields<'_>) -> Result<(Selection, Option<Span>), SuiteError> {
    let Some(node) = suite.get("select") else {
        return Ok((Selection::default(), None));
    };
    let doc = suite.doc;
    if let Kind::Text(text) = &node.kind {
        return Ok((Selection { filter: Some(text.clone()), ..Selection::default() }, Some(node.span)));
    }
    let fields = Fields::open(doc, node, "'select'", &KEYS)?;
    let filter = fields.maybe("filter", |d, n, w| d.text(n, w).map(str::to_owned))?;
    let names = |d: &Doc, n: &Node, w: &str| {
        d.one_or_more(n, w)?.iter().map(|item| d.spelled(item, w)).collect::<Result<Vec<_>, _>>()
    };
    let shard = fields.maybe("shard", |d, n, w| {
        Selection::parse_shard(d.text(n, w)?).map_err(|why| d.at(n, format!("{w} is no shard")).hint(why))
    })?;
    let selection = Selection {
        filter,
        splits: fields.maybe("split", names)?.unwrap_or_default(),
        shard,
        sample: fields.maybe("sample", sample)?,
        limit: fields.maybe("limit", |d, n, w| d.count(n, w, 1..=u64::MAX))?,
    };
    let span = fields.get("filter").or(fields.get("split")).unwrap_or(node).span;
    Ok((selection, Some(span)))
}

fn sample(doc: &Doc, node: &Node, what: &str) -> Result<(u64, u64), SuiteError> {
    if matches!(node.kind, Kind::Number(_)) {
        return Ok((doc.count(node, what, 1..=u64::MAX)?, 1));
    }
    let fields = Fields::open(doc, node, what, &SAMPLE_KEYS)?;
    let n = doc.count(fields.need("n", "100")?, "'n'", 1..=u64::MAX)?;
    let seed = fields.maybe("seed", |d, n, w| d.count(n, w, 0..=u64::MAX))?;
    Ok((n, seed.unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn case(id: &str) -> Case {
        Case { id: id.to_owned(), ..Case::default() }
    }

    fn ids(selection: &Selection, cases: &[Case]) -> Vec<String> {
        let source = Source::new("s", "");
        let chosen = selection.choose(cases.to_vec(), &source, Span::default()).unwrap();
        chosen.into_iter().map(|c| c.id).collect()
    }

    proptest! {
        #[test]
        fn shards_are_disjoint_and_their_union_is_whole(
            names in prop::collection::btree_set("[a-z0-9]{1,8}", 0..60), parts in 1u32..9, turn in any::<bool>()
        ) {
            let mut cases: Vec<Case> = names.iter().map(|n| case(n)).collect();
            if turn {
                cases.reverse();
            }
            let mut seen = BTreeSet::new();
            for part in 1..=parts {
                let shard = Selection { shard: Some((part, parts)), ..Selection::default() };
                let chosen = ids(&shard, &cases);
                cases.reverse();
                let again: BTreeSet<String> = ids(&shard, &cases).into_iter().collect();
                prop_assert_eq!(chosen.iter().cloned().collect::<BTreeSet<_>>(), again);
                for id in chosen {
                    prop_assert!(seen.insert(id));
                }
            }
            prop_assert_eq!(seen, names);
        }

        #[test]
        fn a_sample_does_not_depend_on_the_order(names in prop::collection::btree_set("[a-z]{1,6}", 1..40), n in 1u64..50, seed in 0u64..5) {
            let mut cases: Vec<Case> = names.iter().map(|n| case(n)).collect();
            let sample = Selection { sample: Some((n, seed)), ..Selection::default() };
            let one: BTreeSet<String> = ids(&sample, &cases).into_iter().collect();
            cases.reverse();
            let two: BTreeSet<String> = ids(&sample, &cases).into_iter().collect();
            prop_assert_eq!(one.len(), names.len().min(n as usize));
            prop_assert_eq!(one, two);
        }
    }

    #[test]
    fn shards_have_a_form() {
        assert_eq!(Selection::parse_shard("2/5"), Ok((2, 5)));
        for bad in ["0/5", "6/5", "2", "a/b", "1/0", "-1/2", "1/999999999"] {
            assert!(Selection::parse_shard(bad).is_err(), "{bad}");
        }
    }
}
