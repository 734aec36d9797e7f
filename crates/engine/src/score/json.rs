//! Scorers of JSON answers, each field's own verdicts, and the validity funnel.
//!
//! Main functions: [`score`], [`fields`] and [`Funnel::of`]. Strict and repaired are
//! apart in all of them: a repaired answer never passes for a strict one.

use super::scorer::{Raw, Scorer, Subject};
use acidtest_metrics::json::compare::{self, TextRule, Types};
use acidtest_record::{
    Case, FieldKind, FieldSpec, JsonReading, OutcomeClass, ScorerKind, Status, TextMatch, Value as Said,
};
use serde_json::Value;

use super::Scored;

const NO_JSON: &str = "the answer holds no JSON";
const NOT_STRICT: &str = "the answer is not strict JSON";

/// Readings with the ending of their verdicts' names.
const READINGS: [(JsonReading, &str); 3] =
    [(JsonReading::Strict, ""), (JsonReading::Repaired, ":repaired"), (JsonReading::Coerced, ":coerced")];

/// The answer's value by a reading.
fn value<'s>(s: &'s Subject<'_>, reading: JsonReading) -> Result<&'s Value, &'static str> {
    let json = s.json();
    let found = if reading == JsonReading::Strict { &json.strict } else { &json.repaired };
    found.as_ref().ok_or(if json.has_json() { NOT_STRICT } else { NO_JSON })
}

/// What had to be repaired, for people.
fn repairs(s: &Subject<'_>) -> String {
    let words: Vec<&str> = s.json().repairs.iter().map(|r| r.words()).collect();
    words.join(", ")
}

/// Scores an answer by a scorer of JSON.
pub(super) fn score(scorer: &Scorer, s: &Subject<'_>) -> Raw {
    match &scorer.spec.kind {
        ScorerKind::JsonValid { reading } => match value(s, *reading) {
            Ok(_) => Raw::Score(1.0, None),
            Err(NOT_STRICT) => Raw::Score(0.0, Some(format!("not strict JSON: {}", repairs(s)))),
            Err(why) => Raw::Score(0.0, Some(why.to_owned())),
        },
        ScorerKind::JsonSchema { reading, .. } => match value(s, *reading) {
            Ok(found) => {
                match scorer.schema.as_ref().map_or(Ok(Vec::new()), |schema| schema.mistakes(found)) {
                    Ok(wrong) if wrong.is_empty() => Raw::Score(1.0, None),
                    Ok(wrong) => Raw::Score(0.0, Some(wrong.join("; "))),
                    Err(why) => Raw::Failed(why),
                }
            }
            Err(why) => Raw::Score(0.0, Some(why.to_owned())),
        },
        ScorerKind::JsonField { field, reading } => match due(field, s.case, true) {
            None => Raw::NoReference,
            Some(due) => match value(s, *reading) {
                Err(why) => Raw::Unparsable(why),
                Ok(found) => {
                    let (score, why) = field_score(field, found, &due, *reading);
                    Raw::Score(score, why)
                }
            },
        },
        ScorerKind::Fields { fields, reading } => whole(fields, s, *reading),
        _ => Raw::NoReference,
    }
}

/// The weighted share of fields that are right.
fn whole(fields: &[FieldSpec], s: &Subject<'_>, reading: JsonReading) -> Raw {
    let fields = all_fields(fields, s.case);
    let due: Vec<(&FieldSpec, Value)> =
        fields.iter().filter_map(|f| Some((f, due(f, s.case, false)?))).collect();
    let weights: f64 = due.iter().map(|(f, _)| f.weight).sum();
    if due.is_empty() || weights <= 0.0 {
        return Raw::NoReference;
    }
    let found = match value(s, reading) {
        Ok(found) => found,
        Err(why) => return Raw::Unparsable(why),
    };
    let (mut sum, mut missed) = (0.0, Vec::new());
    for (field, due) in &due {
        let (score, why) = field_score(field, found, due, reading);
        if score >= field.pass {
            sum += field.weight;
        } else {
            missed.push(format!("{}: {}", field.name, why.unwrap_or_else(|| "differs".to_owned())));
        }
    }
    Raw::Score(sum / weights, (!missed.is_empty()).then(|| missed.join("; ")))
}

/// The fields of a scorer; those of the expected object where it names none.
fn all_fields(given: &[FieldSpec], case: &Case) -> Vec<FieldSpec> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let Some(Value::Object(map)) = expected_object(case) else { return Vec::new() };
    map.keys()
        .take(200)
        .map(|name| FieldSpec {
            name: name.clone(),
            pointer: format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            kind: FieldKind::Auto,
            pass: 1.0,
            weight: 1.0,
        })
        .collect()
}

/// The first expected answer that is a JSON object.
fn expected_object(case: &Case) -> Option<Value> {
    case.expected.iter().find_map(|text| {
        let value: Value = serde_json::from_str(text).ok()?;
        value.is_object().then_some(value)
    })
}

/// The expected value of a field: at its pointer in the expected object, else (`alone`)
/// the expected answer itself, as JSON where it is a JSON scalar.
fn due(field: &FieldSpec, case: &Case, alone: bool) -> Option<Value> {
    if let Some(object) = expected_object(case) {
        return object.pointer(&field.pointer).cloned();
    }
    let text = case.expected.first().filter(|_| alone)?;
    let is_text =
        matches!(field.kind, FieldKind::Text { .. } | FieldKind::Enum { .. } | FieldKind::Date { .. });
    match serde_json::from_str::<Value>(text) {
        Ok(value) if !is_text => Some(value),
        _ => Some(Value::String(text.clone())),
    }
}

/// The score of one field, and why it is not 1.
fn field_score(field: &FieldSpec, found: &Value, due: &Value, reading: JsonReading) -> (f64, Option<String>) {
    let Some(got) = found.pointer(&field.pointer) else {
        return (0.0, Some(format!("missing at {}", field.pointer)));
    };
    let types = if reading == JsonReading::Coerced { Types::Coerced } else { Types::Strict };
    let score = compared(&field.kind, got, due, types);
    let cut = |v: &Value| v.to_string().chars().take(80).collect::<String>();
    (score, (score < 1.0).then(|| format!("{} is not {}", cut(got), cut(due))))
}

fn compared(kind: &FieldKind, got: &Value, due: &Value, types: Types) -> f64 {
    let yes = |is: bool| f64::from(u8::from(is));
    if due.is_null() {
        return yes(got.is_null());
    }
    match kind {
        FieldKind::Auto => match due {
            Value::Bool(_) => compared(&FieldKind::Boolean, got, due, types),
            Value::Number(_) => compared(&FieldKind::Number { abs: 0.0, rel: 1e-9 }, got, due, types),
            Value::String(_) => compared(&FieldKind::Text { rule: TextMatch::Exact }, got, due, types),
            Value::Array(_) => compared(&FieldKind::List { ordered: true }, got, due, types),
            _ => yes(got == due),
        },
        FieldKind::Boolean => {
            let (got, due) = (compare::boolean(got, types), compare::boolean(due, Types::Coerced));
            yes(got.is_some() && got == due)
        }
        FieldKind::Number { abs, rel } => {
            match (compare::number(got, types), compare::number(due, Types::Coerced)) {
                (Some(got), Some(due)) => yes(compare::near(got, due, *abs, *rel)),
                _ => 0.0,
            }
        }
        FieldKind::Enum { values, ignore_case } => {
            let fold = |t: String| if *ignore_case { t.to_lowercase() } else { t };
            let (got, due) =
                (compare::words(got, types).map(fold), compare::words(due, Types::Coerced).map(fold));
            let known = |got: &String| values.is_empty() || values.iter().any(|v| fold(v.clone()) == *got);
            yes(got.as_ref().is_some_and(known) && got == due)
        }
        FieldKind::Date { forms } => {
            let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
            let of = |v: &Value, types| compare::date(&compare::words(v, types)?, &forms);
            // The reference may be written in the usual way whatever form is asked for.
            let due = of(due, Types::Coerced).or_else(|| compare::date(due.as_str()?, &[]));
            let got = of(got, types);
            yes(got.is_some() && got == due)
        }
        FieldKind::Text { rule } => {
            let rule = match rule {
                TextMatch::Exact => TextRule::Exact,
                TextMatch::Normalised => TextRule::Normalised,
                TextMatch::Contains => TextRule::Contains,
                TextMatch::CharF1 => TextRule::CharF1,
            };
            match (compare::words(got, types), compare::words(due, Types::Coerced)) {
                (Some(got), Some(due)) => compare::text_score(&got, &due, rule),
                _ => 0.0,
            }
        }
        FieldKind::List { ordered } => list(got, due, *ordered, types),
    }
}

fn list(got: &Value, due: &Value, ordered: bool, types: Types) -> f64 {
    let items = |v: &Value, types: Types| match v {
        Value::Array(items) => Some(items.clone()),
        single if types == Types::Coerced && !single.is_object() => Some(vec![single.clone()]),
        _ => None,
    };
    let (Some(got), Some(due)) = (items(got, types), items(due, Types::Coerced)) else { return 0.0 };
    compare::list_f1(&got, &due, ordered, |a, b| {
        a == b
            || (types == Types::Coerced
                && compare::words(a, types).is_some_and(|a| Some(a) == compare::words(b, types)))
    })
}

/// The verdicts of single fields: `field:NAME`, `field:NAME:repaired`, `field:NAME:coerced`.
pub(super) fn fields(scorer: &Scorer, s: &Subject<'_>, whole_reply: bool) -> Vec<(String, Scored)> {
    let given = match &scorer.spec.kind {
        ScorerKind::Fields { fields, .. } => all_fields(fields, s.case),
        ScorerKind::All(_) | ScorerKind::Any(_) => {
            return scorer.parts.iter().flat_map(|part| fields(part, s, whole_reply)).collect();
        }
        _ => return Vec::new(),
    };
    let mut all = Vec::new();
    for field in &given {
        let Some(due) = due(field, s.case, false) else { continue };
        for (reading, ending) in READINGS {
            let said = match value(s, reading) {
                _ if !whole_reply => unparsable("the answer was cut or filtered"),
                Err(why) => unparsable(why),
                Ok(found) => {
                    let (score, why) = field_score(field, found, &due, reading);
                    Scored {
                        status: Status::Scored,
                        value: Some(Said::Bool(score >= field.pass)),
                        pass: Some(score >= field.pass),
                        why: why.filter(|_| score < field.pass),
                    }
                }
            };
            all.push((format!("field:{}{ending}", field.name), said));
        }
    }
    all
}

fn unparsable(why: &str) -> Scored {
    Scored { status: Status::Unparsable, value: None, pass: Some(false), why: Some(why.to_owned()) }
}

/// How far an answer came, on the strict and on the repaired way.
pub(super) struct Funnel;

impl Funnel {
    /// Verdicts `funnel`, `funnel:repaired` (the last stage reached) and `repairs` (what was
    /// mended); none where no scorer asks for JSON. `others` says whether all other deciding
    /// scorers pass.
    pub(super) fn of(
        scorers: &[Scorer],
        s: &Subject<'_>,
        class: OutcomeClass,
        others: bool,
    ) -> Vec<(String, Scored)> {
        let parts: Vec<&Scorer> = scorers.iter().flat_map(json_parts).collect();
        if parts.is_empty() {
            return Vec::new();
        }
        let label = |text: String, why: Option<String>| Scored {
            status: Status::Scored,
            value: Some(Said::Label(text)),
            pass: None,
            why,
        };
        let way = |reading: JsonReading| stage(&parts, s, class, others, reading).to_owned();
        let mut all = vec![
            ("funnel".to_owned(), label(way(JsonReading::Strict), None)),
            ("funnel:repaired".to_owned(), label(way(JsonReading::Repaired), None)),
        ];
        if class == OutcomeClass::Complete && !s.json().repairs.is_empty() {
            let ids: Vec<&str> = s.json().repairs.iter().map(|r| r.id()).collect();
            all.push(("repairs".to_owned(), label(ids.join("+"), Some(repairs(s)))));
        }
        all
    }
}

/// The scorers of JSON, combinations opened.
fn json_parts(scorer: &Scorer) -> Vec<&Scorer> {
    match &scorer.spec.kind {
        _ if is_json(&scorer.spec.kind) => vec![scorer],
        ScorerKind::All(_) => scorer.parts.iter().flat_map(json_parts).collect(),
        _ => Vec::new(),
    }
}

/// Whether a scorer reads JSON.
pub(super) fn is_json(kind: &ScorerKind) -> bool {
    matches!(
        kind,
        ScorerKind::JsonValid { .. }
            | ScorerKind::JsonSchema { .. }
            | ScorerKind::JsonField { .. }
            | ScorerKind::Fields { .. }
    )
}

fn stage(
    parts: &[&Scorer],
    s: &Subject<'_>,
    class: OutcomeClass,
    others: bool,
    reading: JsonReading,
) -> &'static str {
    if class == OutcomeClass::Empty {
        return "none";
    }
    if class != OutcomeClass::Complete {
        return "reply";
    }
    if !s.json().has_json() {
        return "not_truncated";
    }
    let Ok(found) = value(s, reading) else { return "json" };
    let holds =
        |schema: &acidtest_suite::JsonSchema| schema.mistakes(found).is_ok_and(|wrong| wrong.is_empty());
    let is_valid = |p: &&Scorer| p.schema.as_ref().is_none_or(holds);
    if !parts.iter().all(is_valid) {
        return "read";
    }
    let is_right = |p: &&Scorer| match &p.spec.kind {
        ScorerKind::JsonField { field, .. } => due(field, s.case, true)
            .is_none_or(|due| field_score(field, found, &due, reading).0 >= field.pass),
        ScorerKind::Fields { fields, .. } => all_fields(fields, s.case).iter().all(|f| {
            due(f, s.case, false).is_none_or(|due| field_score(f, found, &due, reading).0 >= f.pass)
        }),
        _ => true,
    };
    match (parts.iter().all(is_right), others) {
        (false, _) => "schema",
        (true, false) => "fields",
        (true, true) => "whole",
    }
}
