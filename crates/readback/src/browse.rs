//! The requests of a stored run for a person who browses: index, texts of a page, one request, search.
//!
//! Main functions: [`index`], [`row_texts`], [`case_view`]; main types: [`CaseViews`], [`Search`]. Reads what is
//! asked for and no more; how long a search may take is said by a function that is given.

use crate::view::ReadBackError;
use acidtest_findings::View;
use acidtest_findings::browse::{
    AskedParts, AttemptParts, CaseIndex, CaseView, Hits, MOST_REQUESTS, Needle, RowAsk, RowTexts,
};
use acidtest_record::{Answer, Case, Digest, Key, Record, RunId, RunSpec, Verdict};
use acidtest_store::{Store, StoreError};
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

/// Bytes of a request's body that are read to say what was asked.
const MOST_BODY: u64 = 4 << 20;
/// Answers and cases between two looks at the time.
const STRIDE: u64 = 64;

/// The index of a run's requests with its plan. Texts of cases are not kept.
///
/// # Errors
/// The run is unknown, or the store cannot be read.
pub fn index(store: &Store, run: RunId) -> Result<(CaseIndex, RunSpec), ReadBackError> {
    let spec = store.spec(run)?;
    let mut cases: Vec<Case> = Vec::new();
    store.each_case(run, 0, &mut |_, case| {
        let prompt = None;
        cases.push(Case { vars: Default::default(), expected: Vec::new(), prompt, tools: None, ..case });
        ControlFlow::Continue(())
    })?;
    let mut builder = View::new(run, &spec, &cases);
    for clock in store.clocks(run)? {
        builder.clock(&clock);
    }
    store.facts(run, &mut |fact| builder.fact(&fact))?;
    store.rows(run, &mut |row| builder.row(row))?;
    store.verdicts(run, &mut |verdict| builder.verdict(&verdict))?;
    let index = CaseIndex::of(&builder.finish());
    Ok((index, spec))
}

/// The texts of one row of a page. What cannot be read is left out: the row itself is known.
#[must_use]
pub fn row_texts(store: &Store, ask: RowAsk) -> RowTexts {
    let case = ask.case.and_then(|no| store.case_at(ask.key.run, no).ok().flatten());
    if case.is_some() && !ask.is_delivered {
        return RowTexts { case, ..RowTexts::default() };
    }
    let record = store.record(ask.key).ok().flatten();
    let body = record.as_ref().filter(|_| case.is_none()).and_then(|r| small_blob(store, r.request.body));
    RowTexts {
        case,
        input: body.map(|b| input(&b)),
        output: record.filter(|_| ask.is_delivered).map(|r| output(&r.answer)),
    }
}

/// What the last message of a body says; a body that is not understood as text.
fn input(body: &[u8]) -> String {
    match acidtest_target::asked(body).pop() {
        Some((_, text)) => text,
        None => String::from_utf8_lossy(body).into_owned(),
    }
}

fn small_blob(store: &Store, hash: Option<Digest>) -> Option<Vec<u8>> {
    let hash = hash?;
    let is_small = store.blob_len(hash).ok().flatten().is_some_and(|len| len <= MOST_BODY);
    is_small.then(|| store.blob(hash).ok().flatten()).flatten()
}

/// The visible text, and tool calls as they were made.
pub(crate) fn output(answer: &Answer) -> String {
    let mut parts = vec![answer.text()];
    parts.retain(|text| !text.is_empty());
    parts.extend(answer.tool_calls().map(|(name, arguments)| format!("{name}({arguments})")));
    parts.join("\n")
}

/// One request with its case and the repeats of the case; absent where the run holds no such request.
///
/// # Errors
/// The store cannot be read.
pub fn case_view(
    store: &Store,
    index: &CaseIndex,
    (slot, step): (u32, u16),
) -> Result<Option<CaseView>, StoreError> {
    CaseViews::new(store, index, &[(slot, step)], MOST_REQUESTS)?.view(slot, step)
}

/// What is shown of several requests of a run, one by one: opinions about all of them are read at
/// once, everything else when it is asked for.
pub struct CaseViews<'s> {
    store: &'s Store,
    index: &'s CaseIndex,
    verdicts: HashMap<(u32, u16), Vec<Verdict>>,
    most: usize,
}

impl<'s> CaseViews<'s> {
    /// Those requests, each with at most so many of its case.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(
        store: &'s Store,
        index: &'s CaseIndex,
        requests: &[(u32, u16)],
        most: usize,
    ) -> Result<Self, StoreError> {
        let mut views = Self { store, index, verdicts: HashMap::new(), most: most.min(MOST_REQUESTS) };
        let found = requests.iter().filter_map(|(slot, step)| index.position(*slot, *step));
        let all = found.flat_map(|at| views.of_case(at));
        let wanted: BTreeSet<(u32, u16)> = all.map(|at| views.request(at)).collect();
        let mut verdicts: HashMap<(u32, u16), Vec<Verdict>> = HashMap::new();
        store.verdicts_about(index.run(), &wanted, &mut |v| {
            let own = v.about.iter().filter(|a| a.key.run == index.run()).map(|a| (a.key.slot, a.key.step));
            let own: BTreeSet<(u32, u16)> = own.filter(|k| wanted.contains(k)).collect();
            own.into_iter().for_each(|k| verdicts.entry(k).or_default().push(v.clone()));
        })?;
        views.verdicts = verdicts;
        Ok(views)
    }

    fn of_case(&self, at: usize) -> Vec<usize> {
        let mut all = self.index.of_same_case(at);
        all.truncate(self.most.max(1));
        all
    }

    fn request(&self, at: usize) -> (u32, u16) {
        let key = self.index.key(at);
        (key.slot, key.step)
    }

    /// One of them; absent where the run holds no such request.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn view(&self, slot: u32, step: u16) -> Result<Option<CaseView>, StoreError> {
        let Some(at) = self.index.position(slot, step) else { return Ok(None) };
        let case = match self.index.case_no(at) {
            Some(no) => self.store.case_at(self.index.run(), no)?,
            None => None,
        };
        let mut parts = Vec::new();
        for at in self.of_case(at) {
            let (slot, step) = self.request(at);
            let records = self.store.attempts(self.index.run(), slot, step)?;
            let verdicts = self.verdicts.get(&(slot, step)).cloned().unwrap_or_default();
            parts.push((at, asked_parts(self.store, records, verdicts)?));
        }
        let in_all = self.index.of_same_case(at).len() as u64;
        Ok(Some(self.index.view(case.as_ref(), &parts, in_all)))
    }
}

fn asked_parts(
    store: &Store,
    records: Vec<Record>,
    verdicts: Vec<Verdict>,
) -> Result<AskedParts, StoreError> {
    let body = records.last().and_then(|r| small_blob(store, r.request.body));
    let messages = body.map_or(Vec::new(), |b| acidtest_target::asked(&b));
    let len = |hash: Option<Digest>| hash.map_or(Ok(None), |h| store.blob_len(h));
    let attempts = records.into_iter().map(|record| {
        let (request_bytes, response_bytes) = (len(record.request.body)?, len(record.answer.raw)?);
        Ok(AttemptParts { record, request_bytes, response_bytes })
    });
    Ok(AskedParts { attempts: attempts.collect::<Result<_, StoreError>>()?, verdicts, messages })
}

/// Two answers to one case, and what both were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlindTexts {
    /// Role and text of each message; the case's fields where the two were asked differently.
    pub prompt: Vec<(String, String)>,
    /// The left answer.
    pub left: String,
    /// The right answer.
    pub right: String,
}

/// The texts of two answers for somebody who must not know whose they are: no names, no reasoning,
/// and no prompt that only one of them was given.
///
/// # Errors
/// The store cannot be read.
pub fn blind_texts(store: &Store, [left, right]: [Key; 2]) -> Result<BlindTexts, StoreError> {
    let records = [store.record(left)?, store.record(right)?];
    let body = |r: &Option<Record>| r.as_ref().and_then(|r| small_blob(store, r.request.body));
    let asked = |r: &Option<Record>| body(r).map_or(Vec::new(), |b| acidtest_target::asked(&b));
    let text = |r: &Option<Record>| r.as_ref().map_or(String::new(), |r| output(&r.answer));
    let (mut prompt, other) = (asked(&records[0]), asked(&records[1]));
    if prompt != other || prompt.is_empty() {
        prompt = Vec::new();
        let hash = records[0].as_ref().and_then(|r| r.case);
        store.each_case(left.run, 0, &mut |_, case| {
            if Some(case.hash) != hash {
                return ControlFlow::Continue(());
            }
            prompt.push(("user".to_owned(), acidtest_findings::browse::input_of(&case)));
            ControlFlow::Break(())
        })?;
    }
    Ok(BlindTexts { prompt, left: text(&records[0]), right: text(&records[1]) })
}

/// A search through the texts of a run that goes on where it stopped.
#[derive(Debug, Clone)]
pub struct Search {
    needle: Needle,
    hits: Hits,
    /// The next case, and the place of the last answer that was looked at.
    next_case: u32,
    all_cases: bool,
    behind: i64,
    seen: u64,
    is_whole: bool,
}

impl Search {
    /// Ids of cases are searched at once.
    #[must_use]
    pub fn new(index: &CaseIndex, needle: Needle) -> Self {
        let hits = Hits::of_ids(index, &needle);
        Self { needle, hits, next_case: 0, all_cases: false, behind: 0, seen: 0, is_whole: false }
    }

    /// What was found so far.
    #[must_use]
    pub fn hits(&self) -> &Hits {
        &self.hits
    }

    /// Looks on through cases, then answers, until all is seen or the time is up.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn go_on(
        &mut self,
        store: &Store,
        index: &CaseIndex,
        is_late: &mut dyn FnMut() -> bool,
    ) -> Result<(), StoreError> {
        if !self.all_cases {
            self.through_cases(store, index, is_late)?;
        }
        if self.all_cases && !self.is_whole {
            self.through_answers(store, index, is_late)?;
        }
        Ok(())
    }

    fn through_cases(
        &mut self,
        store: &Store,
        index: &CaseIndex,
        is_late: &mut dyn FnMut() -> bool,
    ) -> Result<(), StoreError> {
        let (needle, hits) = (&self.needle, &mut self.hits);
        let (mut next, mut stopped) = (self.next_case, false);
        store.each_case(index.run(), next, &mut |no, case| {
            if needle.is_in_case(&case) {
                hits.add_case(index, no);
            }
            next = no + 1;
            stopped = u64::from(next).is_multiple_of(STRIDE) && is_late();
            if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        (self.next_case, self.all_cases) = (next, !stopped);
        Ok(())
    }

    fn through_answers(
        &mut self,
        store: &Store,
        index: &CaseIndex,
        is_late: &mut dyn FnMut() -> bool,
    ) -> Result<(), StoreError> {
        let (needle, hits) = (&self.needle, &mut self.hits);
        let (mut behind, mut seen, mut stopped) = (self.behind, self.seen, false);
        store.answers(index.run(), behind, &mut |found| {
            (behind, seen) = (found.place, seen + 1);
            if needle.is_in(&output(found.answer)) {
                hits.add_request(index, found.key.slot, found.key.step);
            }
            stopped = seen.is_multiple_of(STRIDE) && is_late();
            if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        (self.behind, self.seen, self.is_whole) = (behind, seen, !stopped);
        Ok(())
    }

    /// What it did not see yet, for people; `records` is how many there are. Nothing when all was seen.
    #[must_use]
    pub fn partial(&self, records: u64) -> Option<String> {
        match (self.all_cases, self.is_whole) {
            (true, true) => None,
            (true, false) => Some(format!(
                "the search went through {} of {records} answers so far; ask again to go on",
                self.seen
            )),
            (false, _) => Some(format!(
                "the search went through {} cases and no answers so far; ask again to go on",
                self.next_case
            )),
        }
    }
}
