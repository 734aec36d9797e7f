//! Comparing what a reference package answered with what we compute, field by field.

use crate::Verdict;
use serde_json::Value;

/// The function that checks one case.
pub type Check = fn(&Value) -> Verdict;

/// Collects differences between the expected object and what was computed.
pub struct Compare<'a> {
    expected: &'a Value,
    pub tolerance: f64,
    looked_at: Vec<&'static str>,
    pub differences: Vec<String>,
}

impl<'a> Compare<'a> {
    pub fn new(case: &'a Value, tolerance: f64) -> Compare<'a> {
        Compare { expected: &case["expected"], tolerance, looked_at: Vec::new(), differences: Vec::new() }
    }

    /// Compares a field with JSON made by us: floats within the tolerance, the rest equal.
    pub fn field(&mut self, name: &'static str, got: Value) {
        self.looked_at.push(name);
        let expected = &self.expected[name];
        if self.expected.get(name).is_none() || !self.same(expected, &got) {
            self.differences.push(format!("{name}: expected {expected}, got {got}"));
        }
    }

    fn same(&self, expected: &Value, got: &Value) -> bool {
        match (expected, got) {
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| self.same(a, b)))
            }
            (Value::Number(a), Value::Number(b)) => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() <= self.tolerance * a.abs().max(f64::MIN_POSITIVE) || a == b
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| self.same(a, b)))
            }
            _ => expected == got,
        }
    }

    pub fn done(self) -> Verdict {
        let fields = self.expected.as_object().unwrap();
        let unseen = fields.keys().filter(|name| !self.looked_at.contains(&name.as_str())).cloned().collect();
        Verdict::Compared(self.differences, unseen)
    }
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

pub fn strings(value: &Value) -> Vec<&str> {
    let texts = value.as_array().unwrap();
    texts.iter().map(|t| t.as_str().unwrap()).collect()
}
