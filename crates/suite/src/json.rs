//! JSON files that are no JSON Lines: an array of objects.
//!
//! Main function: [`each_object`]. Objects that follow each other without an array
//! are read too, as tools write them under the name `.json`. Must not know what
//! the fields mean.

use crate::data::{Line, on_line, text_of};
use crate::dataset::{MAX_LINE, at_line};
use crate::error::SuiteError;
use serde_json::{Map, Value};

/// Calls `take` for every object of the array.
pub(crate) fn each_object(
    file: &str,
    bytes: &[u8],
    take: &mut dyn FnMut(Line<'_>) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    let text = text_of(file, bytes)?;
    let mut place = Place { text, at: 0, number: 1, counted: 0 };
    place.skip_blank();
    let in_array = place.take('[');
    let mut is_first = true;
    loop {
        place.skip_blank();
        if in_array && place.take(']') {
            place.skip_blank();
            return match place.rest().is_empty() {
                true => Ok(()),
                false => Err(place.error(file, "something follows the array")),
            };
        }
        if place.rest().is_empty() {
            return match in_array {
                true => Err(place.error(file, "the array is never closed").hint("it ends with ']'")),
                false => Ok(()),
            };
        }
        if in_array && !is_first {
            if !place.take(',') {
                return Err(place.error(file, "expected ',' or ']' after a case"));
            }
            place.skip_blank();
        }
        is_first = false;
        let number = place.line();
        let (raw, fields) = object(file, &mut place)?;
        take(Line { file, number, text: raw, fields, is_table: false })?;
    }
}

/// The object at a place, with its text.
fn object<'a>(file: &str, place: &mut Place<'a>) -> Result<(&'a str, Map<String, Value>), SuiteError> {
    let from = place.at;
    let mut values = serde_json::Deserializer::from_str(place.rest()).into_iter::<Value>();
    let value = values.next();
    let end = from + values.byte_offset();
    match value {
        Some(Ok(Value::Object(map))) => {
            if (end - from) as u64 > MAX_LINE {
                return Err(place
                    .error(file, "the object is longer than 16 MiB")
                    .hint("a case is one object of the list: shorten it, or write several"));
            }
            place.at = end;
            Ok((&place.text[from..end], map))
        }
        Some(Ok(_)) => Err(place
            .error(file, "a case is not a JSON object")
            .hint("write an array of objects: [{\"question\": \"…\", \"expected\": \"…\"}]")),
        Some(Err(e)) => {
            let number = place.line() + (e.line() as u32).saturating_sub(1);
            let line = place.text.lines().nth(number as usize - 1).unwrap_or("");
            // On the first line the column counts from where the object begins.
            let before = match e.line() {
                1 => from - place.text[..from].rfind('\n').map_or(0, |i| i + 1),
                _ => 0,
            };
            let byte = before + e.column().saturating_sub(1);
            let at = line.char_indices().take_while(|(i, _)| *i < byte).count();
            let full = e.to_string();
            let what = full.split(" at line ").next().unwrap_or_default();
            Err(at_line(file, number, line, at, 1, &format!("not valid JSON: {what}")))
        }
        None => Err(place.error(file, "expected a JSON object")),
    }
}

/// A place in the text, with the number of its line.
struct Place<'a> {
    text: &'a str,
    at: usize,
    number: u32,
    counted: usize,
}

impl<'a> Place<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, mark: char) -> bool {
        let is_there = self.rest().starts_with(mark);
        self.at += usize::from(is_there);
        is_there
    }

    /// The number of the line; counted on from where it was last asked.
    fn line(&mut self) -> u32 {
        self.number += self.text[self.counted..self.at].matches('\n').count() as u32;
        self.counted = self.at;
        self.number
    }

    fn error(&mut self, file: &str, message: &str) -> SuiteError {
        let number = self.line();
        let line = self.text.lines().nth(number as usize - 1).unwrap_or("");
        let begin = self.text[..self.at].rfind('\n').map_or(0, |i| i + 1);
        let at = self.text[begin..self.at].chars().count();
        if at >= line.chars().count() {
            return on_line(file, number, line, message);
        }
        at_line(file, number, line, at, 1, message)
    }
}
