//! A rate over time from a file: CSV lines `seconds,rate` or JSON Lines.
//!
//! Main function: [`rate_series`]. Each line holds from its second to the next line's; the last
//! holds as long as the one before it. Must not open files.

use crate::dataset::at_line;
use crate::error::{SuiteError, brief};
use acidtest_record::{LoadStage, MAX_RATE, MAX_STAGES, Stages};
use std::io::{BufRead, BufReader, Read};

/// Longest file.
const MAX_BYTES: u64 = 16 << 20;
/// Longest line.
const MAX_LINE: u64 = 4096;
const FORM: &str = "every line is `seconds,rate`, or {\"seconds\": 0, \"rate\": 10}";

/// One line of the file.
struct Point {
    line: u32,
    seconds: f64,
    rate: f64,
}

/// Reads a rate over time; `name` is the file's as errors print it.
///
/// # Errors
/// A file that cannot be read, is longer than 16 MiB or 100,000 lines, or a line whose time does
/// not ascend from 0 or whose rate is no number from 0 to 100,000: with the line and a hint.
pub fn rate_series(name: &str, reader: Box<dyn Read>) -> Result<Stages, SuiteError> {
    let mut reader = BufReader::new(reader.take(MAX_BYTES + 1));
    let mut points: Vec<Point> = Vec::new();
    let (mut bytes, mut total) = (Vec::new(), 0u64);
    for line in 1u32.. {
        bytes.clear();
        let read = (&mut reader)
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|e| SuiteError::of_file(name, format!("cannot read the file: {e}")))?;
        total += read as u64;
        if read == 0 {
            break;
        }
        if total > MAX_BYTES {
            return Err(SuiteError::of_file(name, "the file is longer than 16 MiB").hint(FORM));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if read as u64 > MAX_LINE {
            let start: String = text.chars().take(80).collect();
            return Err(at_line(name, line, &start, 0, 1, "the line is longer than 4096 bytes").hint(FORM));
        }
        let is_header = points.is_empty() && text.replace(' ', "").eq_ignore_ascii_case("seconds,rate");
        if text.is_empty() || text.starts_with('#') || is_header {
            continue;
        }
        let point = point(name, line, text)?;
        follows(name, text, points.last(), &point)?;
        if points.len() == MAX_STAGES {
            let what = format!("more than {MAX_STAGES} lines");
            return Err(at_line(name, line, text, 0, 1, &what).hint("use longer steps"));
        }
        points.push(point);
    }
    stages(name, &points)
}

fn point(name: &str, line: u32, text: &str) -> Result<Point, SuiteError> {
    let bad = |what: String| at_line(name, line, text, 0, text.chars().count(), &what).hint(FORM);
    let (seconds, rate) = if text.starts_with('{') {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|e| bad(format!("not valid JSON: {e}")))?;
        let number = |key: &str| value.get(key).and_then(serde_json::Value::as_f64);
        number("seconds")
            .zip(number("rate"))
            .ok_or_else(|| bad("the line has no numbers 'seconds' and 'rate'".to_owned()))?
    } else {
        let mut cells = text.split(',').map(|cell| cell.trim().trim_matches('"').trim());
        let (Some(seconds), Some(rate), None) = (cells.next(), cells.next(), cells.next()) else {
            return Err(bad("the line does not have two columns".to_owned()));
        };
        let number =
            |cell: &str| cell.parse::<f64>().map_err(|_| bad(format!("'{}' is not a number", brief(cell))));
        (number(seconds)?, number(rate)?)
    };
    if !seconds.is_finite() || seconds < 0.0 {
        return Err(bad(format!("the time {seconds} is not a number of seconds from 0 on")));
    }
    if !(0.0..=MAX_RATE).contains(&rate) {
        let what = format!("the rate {rate} is not from 0 to {MAX_RATE} requests per second");
        return Err(at_line(name, line, text, 0, text.chars().count(), &what)
            .hint("no machine sends more; split a larger load over several"));
    }
    Ok(Point { line, seconds, rate })
}

/// Whether a line may come after another.
fn follows(name: &str, text: &str, before: Option<&Point>, point: &Point) -> Result<(), SuiteError> {
    let bad = |what: String, hint: String| {
        Err(at_line(name, point.line, text, 0, text.chars().count(), &what).hint(hint))
    };
    match before {
        None if point.seconds > 0.0 => bad(
            format!("the first line is at second {}, not 0", point.seconds),
            format!("times count from the phase's start: subtract {} from each", point.seconds),
        ),
        Some(before) if point.seconds <= before.seconds => bad(
            format!(
                "the time {} does not come after {} of line {}",
                point.seconds, before.seconds, before.line
            ),
            "sort the lines by their time; each time may stand once".to_owned(),
        ),
        _ => Ok(()),
    }
}

fn stages(name: &str, points: &[Point]) -> Result<Stages, SuiteError> {
    let bad = |what: &str| {
        Err(SuiteError::of_file(name, what)
            .hint("each line holds until the next one's second, the last as long as the one before it"))
    };
    let [.., before, last] = points else {
        return bad("the file has fewer than two lines");
    };
    let mut stages: Vec<LoadStage> =
        points.windows(2).map(|w| LoadStage::flat(w[1].seconds - w[0].seconds, w[0].rate)).collect();
    stages.push(LoadStage::flat(last.seconds - before.seconds, last.rate));
    Stages::new(stages).or_else(|e| bad(&e.what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(text: &str) -> Result<Stages, SuiteError> {
        rate_series("rates.csv", Box::new(Cursor::new(text.as_bytes().to_vec())))
    }

    #[test]
    fn both_forms_give_the_same_steps() {
        let csv = read("\u{feff}seconds,rate\r\n0,10\n\n# a comment\n30, 50\n40,0\n").unwrap();
        assert_eq!(
            csv.all(),
            [LoadStage::flat(30.0, 10.0), LoadStage::flat(10.0, 50.0), LoadStage::flat(10.0, 0.0)]
        );
        let json = "{\"seconds\":0,\"rate\":10}\n{\"seconds\":30,\"rate\":50}\n{\"rate\":0,\"seconds\":40,\"note\":1}";
        assert_eq!(read(json).unwrap(), csv);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, says) in [
            ("0,1\n10,2\n5,3\n", 3, "does not come after 10 of line 2"),
            ("0,1\n10,2\n10,3\n", 3, "does not come after"),
            ("0,1\n10,-2\n", 2, "not from 0 to 100000"),
            ("-1,1\n10,2\n", 1, "from 0 on"),
            ("0,NaN\n1,1\n", 1, "not from 0 to"),
            ("0,1\ninf,1\n", 2, "from 0 on"),
            ("0,1\n1,200000\n", 2, "not from 0 to"),
            ("5,1\n6,1\n", 1, "not 0"),
            ("0,1\nten,2\n", 2, "'ten' is not a number"),
            ("0,1\n1\n", 2, "two columns"),
            ("0,1\n1,2,3\n", 2, "two columns"),
            ("0,1\n{\"seconds\": 1}\n", 2, "'seconds' and 'rate'"),
            ("0,1\n{\n", 2, "not valid JSON"),
            ("", 0, "fewer than two lines"),
            ("0,5\n", 0, "fewer than two lines"),
            ("0,0\n1,0\n", 0, "nothing would be sent"),
            ("0,1\n700000,1\n", 0, "more than a week"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.line == line && error.message.contains(says), "{text:?}: {error}");
            assert!(error.hint.is_some(), "{text:?}");
        }
    }

    #[test]
    fn endless_input_is_bounded() {
        let lines = |n: usize| (0..n).map(|i| format!("{i},1\n")).collect::<String>();
        assert!(read(&lines(100_000)).is_ok());
        assert!(read(&lines(100_001)).unwrap_err().message.contains("100000"));
        let endless = rate_series("r", Box::new(std::io::repeat(b'7'))).unwrap_err();
        assert!(endless.message.contains("4096 bytes"), "{endless}");
        let blank = rate_series("r", Box::new(std::io::repeat(b'\n'))).unwrap_err();
        assert!(blank.message.contains("16 MiB"), "{blank}");
    }
}
