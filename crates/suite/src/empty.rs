//! Why flags of the command line left no case, and what they could have said.
//!
//! Main functions: [`split`] and [`why`]. Must not choose: `select` does.

use crate::error::brief;
use crate::filter;
use crate::select::{Selection, shard_of};
use acidtest_record::Case;
use std::collections::BTreeSet;
use std::fmt::Display;

/// Known values that a hint lists.
const LISTED: usize = 20;

/// A split that no case is in, and those that there are.
pub(crate) fn split(selection: &Selection, cases: &[Case]) -> Option<(String, String)> {
    let known: BTreeSet<&str> = cases.iter().filter_map(|c| c.split.as_deref()).collect();
    let lost = selection.splits.iter().find(|s| !known.contains(s.as_str()))?;
    let hint = match known.is_empty() {
        true => "no case has a split: give `split` to the cases, or map it".to_owned(),
        false => format!("known: {}", list(known)),
    };
    Some((format!("no case is in the split '{}'", brief(lost)), hint))
}

/// Which flags leave none of the cases, if they do, and known values of what they name.
pub(crate) fn why(flags: &Selection, cases: &[Case]) -> Option<(String, String)> {
    // A filter that cannot be read is an error of its own, with its place.
    let filter = flags.filter.as_deref().map(|text| filter::parse(text, cases)).transpose().ok()?;
    let fits = |case: &Case| {
        filter.as_ref().is_none_or(|f| f.holds(case))
            && (flags.splits.is_empty() || case.split.as_ref().is_some_and(|s| flags.splits.contains(s)))
            && flags.shard.is_none_or(|(part, parts)| shard_of(&case.id, parts) + 1 == part)
    };
    if cases.is_empty() || cases.iter().any(fits) {
        return None;
    }
    let mut named = Vec::new();
    let mut hints = Vec::new();
    if let (Some(text), Some(filter)) = (&flags.filter, &filter) {
        let is_alone = !cases.iter().any(|c| filter.holds(c));
        named.push((format!("--filter '{}'", brief(text)), is_alone));
        let fields: BTreeSet<&str> = filter.fields().into_iter().collect();
        hints.extend(fields.into_iter().map(|name| {
            let values: BTreeSet<String> = cases.iter().filter_map(|c| filter::field(c, name)).collect();
            format!("{name} is {}", list(values.iter().map(|v| brief(v))))
        }));
    }
    if let [_, ..] = flags.splits.as_slice() {
        named.push((format!("--split {}", brief(&flags.splits.join(", "))), false));
    }
    if let Some((part, parts)) = flags.shard {
        let full: BTreeSet<u32> = cases.iter().map(|c| shard_of(&c.id, parts) + 1).collect();
        named.push((format!("--shard {part}/{parts}"), !full.contains(&part)));
        hints.push(format!("of {parts} shards these have cases: {}", list(full)));
    }
    let alone = named.iter().find(|(_, is_alone)| *is_alone).map(|(flag, _)| flag.clone());
    let all = named.into_iter().map(|(flag, _)| flag).collect::<Vec<_>>().join(" and ");
    Some((alone.unwrap_or(all), hints.join("; ")))
}

fn list<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let mut texts: Vec<String> = values.into_iter().take(LISTED + 1).map(|v| v.to_string()).collect();
    if texts.len() > LISTED {
        texts[LISTED] = "…".to_owned();
    }
    texts.join(", ")
}
