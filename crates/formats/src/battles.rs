//! Votes of pairwise battles, from CSV, JSON Lines or a JSON list.
//!
//! Main types: [`BattleReader`], which takes a file piece by piece, and [`BattleTable`], what it
//! held. Field names are those of LMSYS's files unless the caller names others. An outcome that is
//! not known is an error, never a tie; nothing else is guessed either.

mod json;
mod lines;
mod names;

use crate::error::{FormatError, brief, place};
use names::{Ids, Names};

/// Most battles of all files together.
pub const MAX_BATTLES: usize = 50_000_000;
/// Longest record: a line of CSV, an object of JSON.
const MAX_RECORD: usize = 16 << 20;
/// Longest name of a model.
const MAX_NAME: usize = 500;
/// Most models that are told apart while reading.
const MAX_NAMES: usize = 100_000;

/// Words for how a battle ended, each with what it means; capitals do not matter.
pub const OUTCOME_WORDS: &[(&str, Winner)] = &[
    ("model_a", Winner::A),
    ("a", Winner::A),
    ("model_b", Winner::B),
    ("b", Winner::B),
    ("tie", Winner::Tie),
    ("draw", Winner::Tie),
    ("tie (bothbad)", Winner::BothBad),
    ("tie (both bad)", Winner::BothBad),
    ("bothbad", Winner::BothBad),
    ("both_bad", Winner::BothBad),
    ("both bad", Winner::BothBad),
];

/// Who won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The first.
    A,
    /// The second.
    B,
    /// Neither.
    Tie,
    /// Neither, both answers being bad.
    BothBad,
}

/// One vote; models are numbers of [`BattleTable::models`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BattleLine {
    /// The first model.
    pub a: u32,
    /// The second model.
    pub b: u32,
    /// Who won.
    pub winner: Winner,
}

/// Two columns with a number of each answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StyleColumn {
    /// Its name in reports.
    pub name: String,
    /// Column of the first answer.
    pub a: String,
    /// Column of the second answer.
    pub b: String,
}

/// Names of columns that the caller gives; else LMSYS's.
#[derive(Debug, Clone, Default)]
pub struct BattleColumns {
    /// First model; else `model_a`.
    pub model_a: Option<String>,
    /// Second model; else `model_b`.
    pub model_b: Option<String>,
    /// Outcome; else `winner`.
    pub winner: Option<String>,
    /// Who voted; else the first there is of `judge_hash`, `judge`, `user`, `voter`.
    pub voter: Option<String>,
    /// What was asked; else the first there is of `question_id`, `prompt_id`, `prompt`.
    pub prompt: Option<String>,
    /// When; else the first there is of `tstamp`, `timestamp`.
    pub time: Option<String>,
    /// Whether times are read at all: then every battle needs one.
    pub wants_time: bool,
    /// Numbers of the answers.
    pub style: Vec<StyleColumn>,
}

/// Slots of a record, in this order; two for each style column follow.
const MODEL_A: usize = 0;
const MODEL_B: usize = 1;
const WINNER: usize = 2;
const VOTER: usize = 3;
const PROMPT: usize = 4;
const TIME: usize = 5;
const STYLE: usize = 6;

impl BattleColumns {
    fn slots(&self) -> usize {
        STYLE + 2 * self.style.len()
    }

    /// Names that a slot's column may have, the best first.
    fn names(&self, slot: usize) -> Vec<&str> {
        fn of<'c>(given: &'c Option<String>, usual: &[&'static str]) -> Vec<&'c str> {
            given.as_deref().map_or_else(|| usual.to_vec(), |name| vec![name])
        }
        match slot {
            MODEL_A => of(&self.model_a, &["model_a"]),
            MODEL_B => of(&self.model_b, &["model_b"]),
            WINNER => of(&self.winner, &["winner"]),
            VOTER => of(&self.voter, &["judge_hash", "judge", "user", "voter"]),
            PROMPT => of(&self.prompt, &["question_id", "prompt_id", "prompt"]),
            TIME if self.wants_time => of(&self.time, &["tstamp", "timestamp"]),
            TIME => Vec::new(),
            _ => {
                let style = &self.style[(slot - STYLE) / 2];
                vec![if (slot - STYLE).is_multiple_of(2) { &style.a } else { &style.b }]
            }
        }
    }

    fn is_needed(&self, slot: usize) -> bool {
        match slot {
            VOTER => self.voter.is_some(),
            PROMPT => self.prompt.is_some(),
            TIME => self.wants_time,
            _ => true,
        }
    }

    /// The flag that names a slot's column.
    fn flag(slot: usize) -> &'static str {
        ["--model-a", "--model-b", "--winner", "--voter", "--prompt", "--time"]
            .get(slot)
            .unwrap_or(&"--style")
    }
}

/// The wanted cells of one record; filled by the readers of forms.
#[derive(Debug, Default)]
struct Record {
    text: String,
    cells: Vec<Option<(u32, u32)>>,
}

impl Record {
    fn clear(&mut self, slots: usize) {
        self.text.clear();
        self.cells.clear();
        self.cells.resize(slots, None);
    }

    fn set(&mut self, slot: usize, text: &str) {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        self.cells[slot] = Some((start, self.text.len() as u32));
    }

    fn get(&self, slot: usize) -> Option<&str> {
        let (start, end) = self.cells[slot]?;
        let text = self.text[start as usize..end as usize].trim();
        (!text.is_empty()).then_some(text)
    }
}

/// What files of votes held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BattleTable {
    /// Names of models, in the order of their first battle.
    pub models: Vec<String>,
    /// Votes, in the order of the files.
    pub battles: Vec<BattleLine>,
    /// Voter of each battle, from 1; 0 where none is said. Empty where no file has the column.
    pub voters: Vec<u32>,
    /// Prompt of each battle, likewise.
    pub prompts: Vec<u32>,
    /// Time of each battle, where asked for.
    pub times: Vec<f64>,
    /// For each style column the numbers of first and second answers.
    pub style: Vec<(Vec<f64>, Vec<f64>)>,
}

/// Takes files piece by piece.
#[derive(Debug)]
pub struct BattleReader {
    columns: BattleColumns,
    file: String,
    form: Option<Form>,
    /// Bytes not yet read as records.
    rest: Vec<u8>,
    /// Line on which `rest` begins.
    line: u32,
    table: BattleTable,
    names: Names,
    voters: Ids,
    prompts: Ids,
    record: Record,
}

#[derive(Debug)]
enum Form {
    Csv(lines::Csv),
    Json(json::Json),
}

/// What a form's reader did with the bytes: how many it has done with, and lines within them.
type Step = Result<usize, FormatError>;

impl BattleReader {
    /// A reader that looks for these columns.
    #[must_use]
    pub fn new(columns: BattleColumns) -> Self {
        let style = columns.style.iter().map(|_| Default::default()).collect();
        Self {
            columns,
            file: String::new(),
            form: None,
            rest: Vec::new(),
            line: 1,
            table: BattleTable { style, ..BattleTable::default() },
            names: Names::default(),
            voters: Ids::default(),
            prompts: Ids::default(),
            record: Record::default(),
        }
    }

    /// Begins a file; its name is for errors.
    pub fn begin(&mut self, file: &str) {
        self.file = place(file);
        self.form = None;
        self.rest.clear();
        self.line = 1;
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// A record that is no battle: the file, line and value are named.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.rest.extend_from_slice(bytes);
        self.records(false)
    }

    /// The file ends here.
    ///
    /// # Errors
    /// As [`push`](Self::push); and a file without a battle, or one that is cut.
    pub fn end(&mut self) -> Result<(), FormatError> {
        let before = self.table.battles.len();
        self.records(true)?;
        let held = match &self.form {
            Some(Form::Csv(csv)) => csv.rows,
            Some(Form::Json(json)) => json.objects,
            None => 0,
        };
        match held {
            0 if before == self.table.battles.len() => {
                Err(FormatError::new(&self.file, None, "no battles in it")
                    .hint("a line for each vote, with model_a, model_b and winner"))
            }
            _ => Ok(()),
        }
    }

    /// All that was read.
    #[must_use]
    pub fn finish(mut self) -> BattleTable {
        self.table.models = self.names.into_list();
        for (ids, seen) in [(&mut self.table.voters, &self.voters), (&mut self.table.prompts, &self.prompts)]
        {
            match seen.is_empty() {
                true => ids.clear(),
                false => ids.resize(self.table.battles.len(), 0),
            }
        }
        self.table
    }

    fn records(&mut self, is_last: bool) -> Result<(), FormatError> {
        if self.form.is_none() && !self.detect(is_last)? {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.rest);
        let mut form = self.form.take().expect("set by detect");
        let done = match &mut form {
            Form::Csv(csv) => csv.read(&bytes, is_last, self),
            Form::Json(json) => json.read(&bytes, is_last, self),
        };
        self.form = Some(form);
        let done = done?;
        self.rest = bytes;
        self.rest.drain(..done);
        if self.rest.len() > MAX_RECORD {
            return Err(FormatError::new(&self.file, Some(self.line), "a record is longer than 16 MiB")
                .hint("is a quote or bracket opened here and never closed?"));
        }
        Ok(())
    }

    /// Which form it is, once enough bytes are there.
    fn detect(&mut self, is_last: bool) -> Result<bool, FormatError> {
        if self.rest.len() < 3 && !is_last {
            return Ok(false);
        }
        if self.rest.starts_with(b"\xEF\xBB\xBF") {
            self.rest.drain(..3);
        }
        if self.rest.starts_with(b"\xFF\xFE") || self.rest.starts_with(b"\xFE\xFF") {
            return Err(FormatError::new(&self.file, Some(1), "the text is UTF-16, not UTF-8")
                .hint("save it as UTF-8"));
        }
        let Some(first) = self.rest.iter().copied().find(|b| !b.is_ascii_whitespace()) else {
            return Ok(false);
        };
        self.form = Some(match first {
            b'{' | b'[' => Form::Json(json::Json::default()),
            _ => Form::Csv(lines::Csv::default()),
        });
        Ok(true)
    }

    fn error(&self, line: u32, what: impl Into<String>) -> FormatError {
        FormatError::new(&self.file, Some(line), what)
    }

    /// Puts the filled record into the table.
    fn take_record(&mut self, line: u32) -> Result<(), FormatError> {
        if self.table.battles.len() >= MAX_BATTLES {
            return Err(self.error(line, "more than 50000000 battles").hint("rank a part of them"));
        }
        for slot in 0..self.record.cells.len() {
            if self.record.get(slot).is_none()
                && !matches!(slot, VOTER | PROMPT)
                && self.columns.is_needed(slot)
            {
                return Err(self.without(line, slot));
            }
        }
        let winner = self.winner(line)?;
        let [a, b] = [self.model(line, MODEL_A)?, self.model(line, MODEL_B)?];
        if a == b {
            let name = brief(self.record.get(MODEL_A).unwrap_or_default());
            return Err(self
                .error(line, format!("'{name}' meets itself"))
                .hint("a battle needs two different models: remove the line"));
        }
        self.numbers(line)?;
        let at = self.table.battles.len();
        self.table.battles.push(BattleLine { a, b, winner });
        for (slot, ids, list) in [
            (VOTER, &mut self.voters, &mut self.table.voters),
            (PROMPT, &mut self.prompts, &mut self.table.prompts),
        ] {
            if let Some(text) = self.record.get(slot) {
                list.resize(at, 0);
                list.push(ids.of(text));
            }
        }
        Ok(())
    }

    fn without(&self, line: u32, slot: usize) -> FormatError {
        let names = self.columns.names(slot).join("' or '");
        self.error(line, format!("no value for '{}'", brief(&names)))
            .hint(format!("another column? {} NAME", BattleColumns::flag(slot)))
    }

    fn winner(&self, line: u32) -> Result<Winner, FormatError> {
        let word = self.record.get(WINNER).unwrap_or_default();
        let known = OUTCOME_WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        known.map(|(_, winner)| *winner).ok_or_else(|| {
            let words: Vec<&str> = OUTCOME_WORDS.iter().map(|(word, _)| *word).collect();
            self.error(line, format!("'{}' is no known outcome", brief(word)))
                .hint(format!("known: {}", words.join(", ")))
        })
    }

    fn model(&mut self, line: u32, slot: usize) -> Result<u32, FormatError> {
        let name = self.record.get(slot).unwrap_or_default();
        if name.len() > MAX_NAME {
            return Err(self
                .error(
                    line,
                    format!("the name of a model is longer than {MAX_NAME} bytes: '{}'", brief(name)),
                )
                .hint("is it the right column?"));
        }
        match self.names.of(name) {
            Some(number) => Ok(number),
            None => Err(self
                .error(line, format!("more than {MAX_NAMES} different models"))
                .hint("is it the right column?")),
        }
    }

    fn numbers(&mut self, line: u32) -> Result<(), FormatError> {
        if self.columns.wants_time {
            let time = self.number(line, TIME)?;
            self.table.times.push(time);
        }
        for column in 0..self.columns.style.len() {
            let slot = STYLE + 2 * column;
            let (a, b) = (self.number(line, slot)?, self.number(line, slot + 1)?);
            self.table.style[column].0.push(a);
            self.table.style[column].1.push(b);
        }
        Ok(())
    }

    fn number(&self, line: u32, slot: usize) -> Result<f64, FormatError> {
        let text = self.record.get(slot).unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
        number.ok_or_else(|| {
            let name = self.columns.names(slot).join("' or '");
            self.error(line, format!("'{}' in '{}' is no number", brief(text), brief(&name)))
        })
    }
}

#[cfg(test)]
mod tests;
