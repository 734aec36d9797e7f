//! Two runs side by side: paired differences, flipped cases, what could not be paired.
//!
//! Main type: [`Comparison`]; main function: [`compare`]. Whether the runs may be compared at
//! all is said by their workloads; unlike ones are compared on request, with a warning.

use crate::compare::{Side, Test, tests};
use crate::estimate::Labels;
use crate::failures::{EXCERPT, Texts, excerpt, input_of};
use crate::families::quality::correct;
use crate::find::run_info;
use crate::findings::RunInfo;
use crate::gates::GateResult;
use crate::metric::Judged;
use crate::regression;
use crate::validity::Guards;
use crate::view::{Asked, PROMPT, Slice, View};
use acidtest_record::{Case, Digest, Key, Limit, Regression, workload_differences};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Flipped cases listed of each direction, and unmatched ones of each side.
const MOST: usize = 20;

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The first run: the base.
    pub base: RunInfo,
    /// The second run, which is compared with it.
    pub other: RunInfo,
    /// Whether both were asked the same.
    pub same_workload: bool,
    /// What differs between the workloads.
    pub differs: Vec<String>,
    /// Paired differences, second minus first.
    pub tests: Vec<Test>,
    /// Cases whose answer was right in one run and wrong in the other.
    pub flipped: Vec<Flip>,
    /// How many went from right to wrong.
    pub broken: u64,
    /// How many went from wrong to right.
    pub mended: u64,
    /// Cases that could not be paired.
    pub unmatched: Vec<Unmatched>,
    /// How many there are in all.
    pub unmatched_count: u64,
    /// What regression gates say.
    pub gates: Vec<GateResult>,
    /// What a reader must know besides.
    pub warnings: Vec<String>,
}

/// A case whose answer was right in one run and wrong in the other.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Flip {
    /// Target, phase, prompt of the second run.
    pub labels: Labels,
    /// The case's id.
    pub case: String,
    /// `right to wrong` or `wrong to right`.
    pub direction: &'static str,
    /// Excerpt of the case's variables.
    pub input: String,
    /// Acceptable answers.
    pub reference: Vec<String>,
    /// Share of repeats that were right in the first run.
    pub base_right: f64,
    /// Share of repeats that were right in the second run.
    pub other_right: f64,
    /// Excerpt of an answer of the first run.
    pub base_output: Option<String>,
    /// Excerpt of an answer of the second run.
    pub other_output: Option<String>,
}

/// A case without a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Unmatched {
    /// The case's id.
    pub case: String,
    /// Target, phase, prompt.
    pub labels: Labels,
    /// Why it has none.
    pub why: &'static str,
}

/// Texts of a record of one of the runs.
pub type Ask<'a> = &'a mut dyn FnMut(Key) -> Texts;

/// Compares two runs; gates are on the second one being worse than the first. Beside the limits
/// of the gates, `differences` are those that the reader wants to be able to see.
pub fn compare(
    base: &View,
    other: &View,
    (gates, differences): (&[Regression], &[Limit]),
    texts: (Ask, Ask),
) -> Comparison {
    let (_, base_guards) = Guards::of(base);
    let (_, other_guards) = Guards::of(other);
    let (sides, mut warnings) = partners(base, &base_guards, other, &other_guards);
    let differs = workload_differences((base.spec, base.cases), (other.spec, other.cases));
    if !differs.is_empty() {
        let what = differs.join("; ");
        warnings
            .insert(0, format!("the runs were not asked the same: {what}; only equal cases are compared"));
    }
    for (view, words) in [(base, "first"), (other, "second")] {
        if let Some(why) = &view.stopped {
            warnings.push(format!("the {words} run was stopped before its end: {why}"));
        }
    }
    let found = Flips::of(&sides, texts);
    let unmatched = unmatched(&sides);
    let tests = tests(&sides, &regression::stated(other, gates, differences));
    let gates = regression::evaluate(other, &sides, gates);
    if tests.iter().all(|t| t.pairs == 0) {
        warnings.push("no case has a value in both runs: there is nothing to pair".into());
    }
    Comparison {
        base: run_info(base),
        other: run_info(other),
        same_workload: differs.is_empty(),
        differs,
        tests,
        flipped: found.listed,
        broken: found.broken,
        mended: found.mended,
        unmatched_count: unmatched.len() as u64,
        unmatched: unmatched.into_iter().take(2 * MOST).collect(),
        gates,
        warnings,
    }
}

/// Slices of two runs that belong together: of equal names, or each run's only one.
fn partners<'v>(
    base: &'v View<'v>,
    base_guards: &'v Guards,
    other: &'v View<'v>,
    other_guards: &'v Guards,
) -> (Vec<(Side<'v>, Side<'v>)>, Vec<String>) {
    let filled = |view: &'v View<'v>| -> Vec<Slice<'v>> {
        view.slices().into_iter().filter(|s| !s.requests.is_empty()).collect()
    };
    let (left, right) = (filled(base), filled(other));
    let names = |slices: &[Slice], key: &str| -> BTreeSet<String> {
        slices.iter().map(|s| s.labels.get(key).cloned().unwrap_or_default()).collect()
    };
    let keys = ["target", "phase", PROMPT];
    let only: Vec<bool> =
        keys.iter().map(|k| names(&left, k).len() == 1 && names(&right, k).len() == 1).collect();
    let belongs = |a: &Slice, b: &Slice| {
        keys.iter().zip(&only).all(|(key, only)| *only || a.labels.get(*key) == b.labels.get(*key))
    };
    let mut pairs = Vec::new();
    let mut warnings = Vec::new();
    for slice in &left {
        let Some(twin) = right.iter().find(|b| belongs(slice, b)) else {
            warnings.push(format!("{} has no counterpart in the second run", words(&slice.labels)));
            continue;
        };
        let side = |slice: &Slice<'v>, guards: &'v Guards, view: &View| {
            let mut labels = slice.labels.clone();
            labels.retain(|k, v| keys.contains(&k.as_str()) && slice_differs(k, v, &left, &right));
            labels.insert("run".into(), view.run.to_string());
            Side { slice: slice.clone(), guards, labels }
        };
        pairs.push((side(slice, base_guards, base), side(twin, other_guards, other)));
    }
    for twin in right.iter().filter(|b| !left.iter().any(|a| belongs(a, b))) {
        warnings.push(format!("{} has no counterpart in the first run", words(&twin.labels)));
    }
    if pairs.is_empty() {
        warnings.push("nothing of the two runs belongs together".into());
    }
    (pairs, warnings)
}

/// Whether a label tells the runs' slices apart: some slice of the other run has another value.
fn slice_differs(key: &str, value: &str, left: &[Slice], right: &[Slice]) -> bool {
    let missing = |slices: &[Slice]| !slices.iter().any(|s| s.labels.get(key).is_some_and(|v| v == value));
    missing(left) || missing(right)
}

fn words(labels: &Labels) -> String {
    labels.values().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(" · ")
}

/// How a case was answered: share of right answers, and one request that shows it.
struct Answered<'v> {
    case: &'v Case,
    right: f64,
    n: f64,
    shown: Key,
}

fn answered<'v>(slice: &Slice<'v>) -> BTreeMap<Digest, Answered<'v>> {
    let mut found: BTreeMap<Digest, Answered> = BTreeMap::new();
    for a in slice.asked() {
        let (Some(case), Judged::Value(v)) = (a.case(), correct(&a)) else { continue };
        let entry = found.entry(case.hash).or_insert_with(|| Answered {
            case,
            right: 0.0,
            n: 0.0,
            shown: key_of(&a),
        });
        entry.right += v;
        entry.n += 1.0;
    }
    found
}

fn key_of(a: &Asked) -> Key {
    let c = a.last();
    Key { run: a.view.run, slot: c.slot, step: c.step, attempt: c.attempt }
}

struct Flips {
    listed: Vec<Flip>,
    broken: u64,
    mended: u64,
}

impl Flips {
    fn of(sides: &[(Side, Side)], texts: (Ask, Ask)) -> Self {
        let mut found = Self { listed: Vec::new(), broken: 0, mended: 0 };
        for (base, other) in sides {
            let (left, right) = (answered(&base.slice), answered(&other.slice));
            for (hash, a) in &left {
                let Some(b) = right.get(hash) else { continue };
                let (was, is) = (a.right / a.n, b.right / b.n);
                let (count, direction) = match (was >= 0.5, is >= 0.5) {
                    (true, false) => (&mut found.broken, "right to wrong"),
                    (false, true) => (&mut found.mended, "wrong to right"),
                    _ => continue,
                };
                *count += 1;
                if *count > MOST as u64 {
                    continue;
                }
                found.listed.push(Flip {
                    labels: other.slice.labels.clone(),
                    case: b.case.id.clone(),
                    direction,
                    input: excerpt(&input_of(b.case), EXCERPT),
                    reference: b.case.expected.iter().take(5).map(|t| excerpt(t, EXCERPT)).collect(),
                    base_right: was,
                    other_right: is,
                    base_output: (texts.0)(a.shown).output.map(|t| excerpt(&t, EXCERPT)),
                    other_output: (texts.1)(b.shown).output.map(|t| excerpt(&t, EXCERPT)),
                });
            }
        }
        found.listed.sort_by(|a, b| (a.direction, &a.case).cmp(&(b.direction, &b.case)));
        found
    }
}

/// Cases that one side has not, or has not delivered.
fn unmatched(sides: &[(Side, Side)]) -> Vec<Unmatched> {
    let mut found = Vec::new();
    for (base, other) in sides {
        let asked = |s: &Side| -> BTreeMap<Digest, bool> {
            let mut cases = BTreeMap::new();
            for a in s.slice.asked() {
                let Some(case) = a.case() else { continue };
                *cases.entry(case.hash).or_insert(false) |= a.last().class.delivered();
            }
            cases
        };
        let (left, right) = (asked(base), asked(other));
        let mut list = |side: &Side,
                        own: &BTreeMap<Digest, bool>,
                        there: &BTreeMap<Digest, bool>,
                        why: [&'static str; 2]| {
            for case in side.slice.view.cases {
                if !own.get(&case.hash).copied().unwrap_or(false) {
                    continue;
                }
                let why = match there.get(&case.hash) {
                    Some(true) => continue,
                    Some(false) => why[1],
                    None => why[0],
                };
                found.push(Unmatched { case: case.id.clone(), labels: side.slice.labels.clone(), why });
            }
        };
        list(base, &left, &right, ["not in the second run", "not delivered in the second run"]);
        list(other, &right, &left, ["not in the first run", "not delivered in the first run"]);
    }
    found
}
