//! A run's data cut to the size of a file.
//!
//! Main function: [`fitted`]. Numbers come before texts, failing requests before others; of long
//! answers the beginning stands. Whatever is cut is said in `left_out`.

use super::{Inlined, MOST_CASES, escape};
use crate::page::RunPage;
use crate::words::Lang;
use acidtest_findings::browse::{AttemptView, CasePage, CaseRow, CaseView, RequestView, SaidValue};
use acidtest_findings::{Curves, Frontier};
use serde::Serialize;
use std::collections::BTreeMap;

/// Share of the room that the page of the run may take: the requests get the rest.
const OF_PAGE: f64 = 0.55;
/// Share of the rest that rows may take.
const OF_ROWS: f64 = 0.45;
/// Share of the room that the frontier may take.
const OF_FRONTIER: f64 = 0.05;
/// A plan beyond this is left out before anything else is.
const LONG_PLAN: usize = 64 << 10;
/// Characters of question and answer in a row, from the most to the fewest.
const EXCERPTS: [usize; 4] = [160, 80, 40, 16];
/// Bytes for sentences about what was left out, and for the names of the parts.
const SLACK: usize = 8192;

/// Bytes of a value in the file.
fn size(value: &impl Serialize) -> usize {
    escape::json(value).len()
}

/// The data of a file that may have so many bytes.
pub(super) fn fitted<'f>(
    mut page: RunPage<'f>,
    mut cases: CasePage,
    frontier: Option<Frontier>,
    view: &mut dyn FnMut(&CaseRow) -> Option<CaseView>,
    room: usize,
) -> Inlined<'f> {
    let mut left_out = vec!["raw requests and responses are not in this file".to_owned()];
    let room = room.saturating_sub(SLACK);
    let part = |of: usize, share: f64| (of as f64 * share) as usize;
    let frontier = frontier.filter(|f| {
        let fits = size(f) <= part(room, OF_FRONTIER);
        left_out.extend((!fits).then(|| "the frontier is left out for size".to_owned()));
        fits
    });
    let of_page = fit_page(&mut page, part(room, OF_PAGE), &mut left_out);
    let rest = room.saturating_sub(of_page + frontier.as_ref().map_or(0, size));
    let of_rows = fit_rows(&mut cases, part(rest, OF_ROWS), &mut left_out);
    let views = views(&cases, view, rest.saturating_sub(of_rows), &mut left_out);
    let korean = left_out.iter().map(|english| (english.clone(), Lang::Ko.tell(english)));
    page.words.extend(korean);
    Inlined { page, cases, views, frontier, left_out }
}

/// Leaves out parts of the page until it fits; gives its size.
fn fit_page(page: &mut RunPage, most: usize, left_out: &mut Vec<String>) -> usize {
    type Cut = fn(&mut RunPage) -> bool;
    let cuts: [(Cut, &str); 5] = [
        (without_plan, "the stored plan is left out for size"),
        (without_points, "points of latency over time are left out for size"),
        (without_slices, "the run over time, slice after slice, is left out for size"),
        (without_tags, "numbers by tag are left out for size"),
        (without_curves, "curves are left out for size"),
    ];
    let mut now = size(page);
    for (cut, words) in cuts {
        if now <= most {
            break;
        }
        if cut(page) {
            left_out.push(words.to_owned());
            now = size(page);
        }
    }
    now
}

fn without_plan(page: &mut RunPage) -> bool {
    let is_long = size(&page.plan.spec) > LONG_PLAN;
    if is_long {
        page.plan.to_mut().spec = serde_json::Value::Null;
    }
    is_long
}

fn without_points(page: &mut RunPage) -> bool {
    !page.curves.scatter.is_empty() && {
        page.curves.to_mut().scatter.clear();
        true
    }
}

fn without_slices(page: &mut RunPage) -> bool {
    !std::mem::take(&mut page.report.slices).is_empty()
}

fn without_tags(page: &mut RunPage) -> bool {
    let before = page.report.estimates.len();
    page.report.estimates.to_mut().retain(acidtest_findings::Estimate::is_of_place);
    page.report.estimates.len() < before
}

fn without_curves(page: &mut RunPage) -> bool {
    *page.curves.to_mut() = Curves::default();
    true
}

/// Shortens rows, then their number, until they fit; gives their size.
fn fit_rows(cases: &mut CasePage, most: usize, left_out: &mut Vec<String>) -> usize {
    let in_all = cases.of;
    cases.rows.truncate(MOST_CASES);
    for characters in EXCERPTS {
        let mut is_cut = false;
        for row in &mut cases.rows {
            is_cut |= shorten(&mut row.input, characters);
            is_cut |= row.output.as_mut().is_some_and(|text| shorten(text, characters));
        }
        if size(&cases.rows) <= most {
            // Excerpts are excerpts: only shorter ones than anywhere else are worth a word.
            if is_cut && characters < EXCERPTS[0] {
                left_out.push(format!(
                    "rows show the first {characters} characters of question and answer, for size"
                ));
            }
            break;
        }
    }
    let mut now = size(&*cases);
    while now > most && !cases.rows.is_empty() {
        cases.rows.truncate(cases.rows.len() * 9 / 10);
        now = size(&*cases);
    }
    if (cases.rows.len() as u64) < in_all {
        left_out
            .push(format!("this file holds {} of {in_all} requests, failing ones first", cases.rows.len()));
    }
    now
}

/// Cuts a text after so many characters; whether it had more.
fn shorten(text: &mut String, characters: usize) -> bool {
    match text.char_indices().nth(characters) {
        Some((at, _)) if text[at..] != *"…" => {
            text.truncate(at);
            text.push('…');
            true
        }
        _ => false,
    }
}

/// Bytes of a view without any text, and of an event, at least.
const LEAST: usize = 500;
const EVENT: usize = 40;

/// How much of a request is shown.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Bytes of one text.
    text: usize,
    /// Events of one attempt.
    events: usize,
    /// Other requests of the case.
    others: usize,
}

/// Most other requests of a case.
pub(super) const MOST_OTHERS: usize = 9;

/// From the most to the least.
const LEVELS: [Level; 5] = [
    Level { text: 16 << 10, events: 1000, others: MOST_OTHERS },
    Level { text: 4 << 10, events: 200, others: 3 },
    Level { text: 2 << 10, events: 50, others: 0 },
    Level { text: 700, events: 0, others: 0 },
    Level { text: 200, events: 0, others: 0 },
];

/// What is shown of each request, as long as there is room: each has its share of it, and the first
/// ones are shown at their shortest even where that is more.
fn views(
    cases: &CasePage,
    view: &mut dyn FnMut(&CaseRow) -> Option<CaseView>,
    most: usize,
    left_out: &mut Vec<String>,
) -> BTreeMap<String, CaseView> {
    let (mut views, mut left, mut shortened, mut without) = (BTreeMap::new(), most, 0, 0);
    for (no, row) in cases.rows.iter().enumerate() {
        let share = left / (cases.rows.len() - no);
        // No view is smaller: the store is not asked in vain.
        let whole = (left > LEAST).then(|| view(row)).flatten();
        let Some((kept, bytes, is_cut)) = whole.and_then(|w| within(w, share, left)) else {
            without += 1;
            continue;
        };
        left -= bytes.min(left);
        shortened += usize::from(is_cut);
        views.insert(format!("{}.{}", row.slot, row.step), kept);
    }
    if without > 0 {
        let of = cases.rows.len();
        left_out.push(format!("{without} of {of} requests are shown by their row alone, for size"));
    }
    if shortened > 0 {
        left_out.push(format!(
            "{shortened} requests are shortened for size: long texts, arrivals of events, other repeats"
        ));
    }
    views
}

/// As much of a view as fits its share, else its least where there is room; its bytes, and whether
/// anything was cut.
fn within(mut view: CaseView, share: usize, left: usize) -> Option<(CaseView, usize, bool)> {
    for attempt in view.requests.iter_mut().flat_map(|r| &mut r.attempts) {
        // Nothing is there to be asked for them.
        (attempt.request_bytes, attempt.response_bytes) = (None, None);
    }
    let mut is_cut = false;
    for (no, level) in LEVELS.into_iter().enumerate() {
        let most = if no + 1 == LEVELS.len() { left } else { share };
        if floor(&view, level) > most {
            continue;
        }
        is_cut |= cut(&mut view, level);
        let bytes = size(&view) + "\"4294967295.65535\":,".len();
        if bytes <= most {
            return Some((view, bytes, is_cut));
        }
    }
    None
}

/// Bytes that a view has at least at a level: those of its texts, without writing them.
fn floor(view: &CaseView, level: Level) -> usize {
    let of = |text: &String| text.len().min(level.text);
    let case: usize = view.case.iter().flat_map(|c| c.fields.values().chain(&c.reference)).map(of).sum();
    let requests = view.requests.iter().take(level.others + 1);
    let said = requests.map(|r| {
        let messages: usize = r.messages.iter().map(|m| of(&m.text)).sum();
        let answers: usize = r.attempts.iter().flat_map(|a| &a.parts).map(|p| of(&p.text)).sum();
        let events: usize = r.attempts.iter().map(|a| a.events.len().min(level.events)).sum();
        messages + answers + events * EVENT
    });
    case + said.sum::<usize>()
}

/// Cuts a view to a level; whether anything went.
fn cut(view: &mut CaseView, level: Level) -> bool {
    let mut gone = 0;
    let others = view.requests.len() > level.others + 1;
    view.requests.truncate(level.others + 1);
    if let Some(case) = &mut view.case {
        let texts = case.fields.values_mut().chain(&mut case.reference);
        let cut: u64 = texts.map(|text| cut_text(text, level.text)).sum();
        case.left_out += cut;
        gone += cut;
    }
    for request in &mut view.requests {
        gone += cut_request(request, level);
    }
    gone > 0 || others
}

fn cut_request(request: &mut RequestView, level: Level) -> u64 {
    let mut gone = 0;
    for message in &mut request.messages {
        let cut = cut_text(&mut message.text, level.text);
        message.left_out += cut;
        gone += cut;
    }
    for verdict in &mut request.verdicts {
        gone += verdict.why.as_mut().map_or(0, |why| u64::from(shorten(why, level.text / 2)));
        if let Some(SaidValue::Text(text)) = &mut verdict.value {
            gone += cut_text(text, level.text);
        }
    }
    gone + request.attempts.iter_mut().map(|a| cut_attempt(a, level)).sum::<u64>()
}

fn cut_attempt(attempt: &mut AttemptView, level: Level) -> u64 {
    let cut: u64 = attempt.parts.iter_mut().map(|p| cut_text(&mut p.text, level.text)).sum();
    attempt.left_out += cut;
    let detail = attempt.detail.as_mut().is_some_and(|d| shorten(d, level.text / 2));
    let events = attempt.events.len().saturating_sub(level.events);
    attempt.events.truncate(level.events);
    cut + events as u64 + u64::from(detail)
}

/// Cuts a text between characters; gives the bytes that went.
fn cut_text(text: &mut String, most: usize) -> u64 {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let gone = text.len() - end;
    text.truncate(end);
    gone as u64
}
