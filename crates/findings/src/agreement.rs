//! How far people's labels agree with scorers, judges and the verdict on the whole.
//!
//! Main type: [`Opinions`]; main function: [`agreement`]. Share of equal opinions, and Cohen's kappa:
//! agreement beyond what independent labels with the same margins would show (Cohen, Educ. Psychol.
//! Meas. 20 (1960) 37–46). Yes and no, and numbers against a pass mark, are compared with each
//! other; labels with labels.

use crate::browse::CaseIndex;
use crate::estimate::{Estimate, Family, Labels, N, Quantity, Uncertainty};
use crate::measure::{LEVEL, distinct, uncertainty};
use crate::scored::sheet::uncertainty as signed;
use acidtest_metrics::classify::{Cases, KappaWeights, encode_labels};
use acidtest_metrics::stats::{Resampling, Unit, clustered_proportion, resample};
use acidtest_record::{
    AboutRole, CORRECT, IS_GREEDY, LOGLIKELIHOOD, MakerKind, RunSpec, Stat, Status, TEXT_SIZES, Value,
    Verdict,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// From where on a number is a yes, where its scorer has no pass mark.
const HALF: f64 = 0.5;
/// Most scorers that people are compared with.
const MOST_SCORERS: usize = 50;

/// How far people agree with a scorer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Agreement {
    /// Whom with: a scorer's name, or `correct`.
    pub with: String,
    /// The person; null for all people together.
    pub person: Option<String>,
    /// Pairs of opinions: both said something.
    pub n: u64,
    /// Share of equal opinions.
    pub agree: Estimate,
    /// Cohen's kappa.
    pub kappa: Estimate,
}

/// What one says of an answer.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Number(f64),
    Label(String),
}

/// The latest of a maker about a request: when, and what.
type Latest = (i64, Option<Said>);

/// Opinions about the requests of a run: people's under one name, and everybody else's about those.
#[derive(Debug, Clone, Default)]
pub struct Opinions {
    name: String,
    people: HashMap<(String, usize), Latest>,
    others: BTreeMap<String, HashMap<usize, Latest>>,
}

/// What a verdict says, where it says something of one request's last attempt.
fn heard(index: &CaseIndex, v: &Verdict) -> Option<(usize, Option<Said>)> {
    let [about] = v.about.as_slice() else { return None };
    let at = index.position(about.key.slot, about.key.step)?;
    if about.role != AboutRole::Subject || index.key(at) != about.key {
        return None;
    }
    let said = match (v.status, &v.value) {
        (Status::Scored, Some(Value::Bool(yes))) => Some(Said::Number(f64::from(u8::from(*yes)))),
        (Status::Scored, Some(Value::Number(x))) if x.is_finite() => Some(Said::Number(*x)),
        (Status::Scored, Some(Value::Label(label))) => Some(Said::Label(label.clone())),
        _ => None,
    };
    Some((at, said))
}

fn keep(latest: &mut Latest, at_unix_ns: i64, said: Option<Said>) {
    if at_unix_ns >= latest.0 {
        *latest = (at_unix_ns, said);
    }
}

impl Opinions {
    /// Nothing yet about what people say under that name.
    #[must_use]
    pub fn about(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds what a person says. Call it for every verdict before [`Opinions::other`].
    pub fn person(&mut self, index: &CaseIndex, v: &Verdict) {
        if v.maker.kind != MakerKind::Person || v.name != self.name {
            return;
        }
        if let Some((at, said)) = heard(index, v) {
            let latest = self.people.entry((v.maker.name.clone(), at)).or_insert((i64::MIN, None));
            keep(latest, v.at_unix_ns, said);
        }
    }

    /// Adds what a scorer or judge says, if a person said something of the same answer.
    pub fn other(&mut self, index: &CaseIndex, spoken_of: &[bool], v: &Verdict) {
        let is_size =
            TEXT_SIZES.contains(&v.name.as_str()) || [LOGLIKELIHOOD, IS_GREEDY].contains(&v.name.as_str());
        if v.maker.kind == MakerKind::Person || is_size || crate::families::answers::is_own(&v.name) {
            return;
        }
        let Some((at, said)) = heard(index, v).filter(|(at, _)| spoken_of[*at]) else { return };
        if self.others.len() >= MOST_SCORERS && !self.others.contains_key(&v.name) {
            return;
        }
        let of_name = self.others.entry(v.name.clone()).or_default();
        keep(of_name.entry(at).or_insert((i64::MIN, None)), v.at_unix_ns, said);
    }

    /// Which requests some person spoke of.
    #[must_use]
    pub fn spoken_of(&self, index: &CaseIndex) -> Vec<bool> {
        let mut spoken_of = vec![false; index.len()];
        self.people.keys().for_each(|(_, at)| spoken_of[*at] = true);
        spoken_of
    }

    /// How many requests a person said something about that stands.
    #[must_use]
    pub fn done(&self, person: &str) -> u64 {
        self.people.iter().filter(|((who, _), (_, said))| who == person && said.is_some()).count() as u64
    }
}

/// How far a person, and all people together, agree with each scorer.
#[must_use]
pub fn agreement(
    index: &CaseIndex,
    spec: &RunSpec,
    opinions: &Opinions,
    person: Option<&str>,
) -> Vec<Agreement> {
    let mut found = Vec::new();
    for (with, others) in &opinions.others {
        let mark = spec.scorers.iter().find(|s| s.name == *with).and_then(|s| s.pass).unwrap_or(HALF);
        let pairs = |who: Option<&str>| -> Vec<Compared> {
            let said = opinions.people.iter().filter(|((name, _), _)| who.is_none_or(|w| w == name));
            let mut pairs: Vec<Compared> = said
                .filter_map(|((_, at), (_, said))| {
                    let theirs = others.get(at)?.1.as_ref()?;
                    Compared::of(index, *at, said.as_ref()?, theirs, mark)
                })
                .collect();
            pairs.sort_by(|a, b| (a.at, &a.person).cmp(&(b.at, &b.person)));
            pairs
        };
        let one = person.map(|p| (Some(p), pairs(Some(p))));
        for (who, pairs) in one.into_iter().chain([(None, pairs(None))]) {
            found.push(of_pairs(with, who, &pairs, mark));
        }
    }
    // The verdict on the whole first, of each scorer the one person first.
    let rank = |a: &Agreement| (a.with != CORRECT, a.with.clone(), a.person.is_none());
    found.sort_by_key(rank);
    found
}

/// Two opinions of one answer as words.
struct Compared {
    at: usize,
    case: Option<acidtest_record::Digest>,
    unit: String,
    person: String,
    scorer: String,
}

impl Compared {
    /// Absent where a label stands against yes or no: there is nothing that could be equal.
    fn of(index: &CaseIndex, at: usize, person: &Said, scorer: &Said, mark: f64) -> Option<Self> {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let (person, scorer) = match (person, scorer) {
            (Said::Number(p), Said::Number(s)) => (yes(*p >= HALF), yes(*s >= mark)),
            (Said::Label(p), Said::Label(s)) => (p.clone(), s.clone()),
            _ => return None,
        };
        let unit = index.unit(at).map_or_else(|| format!("request {at}"), str::to_owned);
        Some(Self { at, case: index.case(at), unit, person, scorer })
    }
}

fn of_pairs(with: &str, person: Option<&str>, pairs: &[Compared], mark: f64) -> Agreement {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let unit_of: Vec<usize> = pairs
        .iter()
        .map(|p| {
            let next = numbers.len();
            *numbers.entry(&p.unit).or_insert(next)
        })
        .collect();
    let mut requests: Vec<usize> = pairs.iter().map(|p| p.at).collect();
    requests.dedup();
    let n = N {
        cases: distinct(pairs.iter().filter_map(|p| p.case)),
        requests: requests.len() as u64,
        records: requests.len() as u64,
        clusters: numbers.len() as u64,
        of: requests.len() as u64,
        values: Some(pairs.len() as u64),
    };
    // What is drawn at random: the cluster, else the case.
    let unit = if n.cases == n.clusters { "case" } else { "cluster" };
    let blank = Blank { with, person, n, mark, unit };
    Agreement {
        with: with.to_owned(),
        person: person.map(str::to_owned),
        n: pairs.len() as u64,
        agree: share(&blank, pairs, &unit_of),
        kappa: kappa(&blank, pairs, &unit_of),
    }
}

/// What both estimates have in common.
struct Blank<'a> {
    with: &'a str,
    person: Option<&'a str>,
    n: N,
    mark: f64,
    unit: &'static str,
}

impl Blank<'_> {
    fn fill(
        &self,
        (metric, stat, unit): (&str, Stat, &str),
        value: Quantity,
        interval: Uncertainty,
        rule: &str,
    ) -> Estimate {
        let mut params = Labels::from([("with".to_owned(), self.with.to_owned())]);
        params.extend(self.person.map(|p| ("person".to_owned(), p.to_owned())));
        Estimate {
            metric: metric.to_owned(),
            params,
            stat,
            labels: Labels::new(),
            family: Family::Quality,
            unit: unit.to_owned(),
            value,
            value_low: None,
            n: self.n,
            interval,
            missing: None,
            how: format!(
                "{rule}; answers that both spoke of, the latest opinion of each; yes is a person's number from {HALF} on and a scorer's from {} on; acidtest {}",
                self.mark,
                env!("CARGO_PKG_VERSION")
            ),
            invalid: None,
            standard_error: None,
            effective_n: None,
        }
    }
}

fn share(blank: &Blank<'_>, pairs: &[Compared], unit_of: &[usize]) -> Estimate {
    let what = ("agreement", Stat::Share, "ratio");
    let rule = "equal opinions / pairs; Wilson with the effective n of the clustered variance";
    let mut units = vec![Unit { cases: 0, sum: 0.0 }; blank.n.clusters as usize];
    for (pair, unit) in pairs.iter().zip(unit_of) {
        units[*unit].cases += 1;
        units[*unit].sum += f64::from(u8::from(pair.person == pair.scorer));
    }
    match clustered_proportion(&units, LEVEL) {
        Ok(found) => Estimate {
            standard_error: found.standard_error,
            effective_n: found.effective_n,
            ..blank.fill(what, Quantity::Value(found.value), uncertainty(&found.interval, blank.unit), rule)
        },
        Err(_) => blank.fill(what, absent(), Uncertainty::None("no value".into()), rule),
    }
}

fn kappa(blank: &Blank<'_>, pairs: &[Compared], unit_of: &[usize]) -> Estimate {
    let what = ("kappa", Stat::Value, "number");
    let how = Resampling { level: LEVEL, ..Resampling::default() };
    let rule = format!(
        "Cohen's kappa, 1 - disagreement / that of independent labels with the same margins; bootstrap of {} resamples of whole {}s, seed {}",
        how.resamples, blank.unit, how.seed
    );
    let none = |why: Quantity| blank.fill(what, why, Uncertainty::None("no value".into()), &rule);
    if pairs.is_empty() {
        return none(absent());
    }
    let side = |of: fn(&Compared) -> &String| pairs.iter().map(|p| of(p).as_str()).collect::<Vec<_>>();
    let (person, scorer) = (side(|p| &p.person), side(|p| &p.scorer));
    let Ok(cells) = encode_labels(&person, &scorer, None).and_then(|e| counted(&e.cases, unit_of)) else {
        return none(Quantity::Absent("too many labels to compare".into()));
    };
    let of = |sums: &[f64]| cells.confusion(sums).kappa(KappaWeights::None);
    match of(&cells.rows.sums()) {
        Ok(value) => {
            let found = resample(&cells.rows, 1, how, &|sums, out| out[0] = of(sums).ok());
            let interval = signed(&found[0].interval, blank.unit);
            let standard_error = found[0].standard_error;
            Estimate { standard_error, ..blank.fill(what, Quantity::Value(value), interval, &rule) }
        }
        Err(why) => none(Quantity::Absent(why.to_string())),
    }
}

fn counted(
    cases: &Cases,
    unit_of: &[usize],
) -> Result<acidtest_metrics::classify::CellRows, acidtest_metrics::classify::Undefined> {
    cases.rows(unit_of, 1.0)
}

fn absent() -> Quantity {
    Quantity::Absent("no answer that both spoke of, in a form that can be compared".into())
}
