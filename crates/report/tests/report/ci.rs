//! Reports for continuous integration: well formed whatever a model says.

use crate::hostile;
use acidtest_findings::Findings;
use acidtest_report::{Lang, Place, csv, csv_cases, github, junit, markdown};

/// Texts that want out of where they stand.
pub(crate) const HOSTILE: [&str; 9] = [
    "]]></failure></testcase><testcase name=\"fake\"/>",
    "</details>\n\n# owned\n\n<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "````\n@team/everyone please see #1 and [x](javascript:alert(1)) ![](http://e/x)\n```",
    "a | b | c\n| --- | --- |\n`@someone`",
    "::error file=x::owned\r\n::set-output name=x::y\n::stop-commands::z",
    "=cmd|' /C calc'!A0",
    "+1+1, \"quoted\"\r\n-2",
    "\u{0}\u{8}\u{1b}[2J\u{202e}drowssap\u{ffff}",
    "&lt;&amp;&#64;user&bogus;",
];

fn check_xml(text: &str) -> roxmltree::Document<'_> {
    roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{e}:\n{text}"))
}

#[test]
fn junit_is_well_formed_and_counts_agree() {
    let (findings, requests) = hostile();
    let text = junit(&findings, &requests);
    let xml = check_xml(&text);
    let all = |name: &str| xml.descendants().filter(|n| n.has_tag_name(name)).count();
    let root = xml.root_element();
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        assert_eq!(root.attribute(attribute), Some(all(element).to_string().as_str()), "{attribute}");
    }
    assert!(!xml.descendants().any(|n| n.attribute("name") == Some("fake")), "nothing was smuggled in");
    // The texts are there, whole.
    let failures: String =
        xml.descendants().filter(|n| n.has_tag_name("failure")).filter_map(|n| n.text()).collect();
    for words in ["]]></failure>", "<script>alert(1)</script>", "&lt;&amp;&#64;user&bogus;", "reference: "] {
        assert!(failures.contains(words), "{words} in\n{failures}");
    }
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "nothing hidden");
}

/// Lines of Markdown that are not within a fence.
fn outside(text: &str) -> Vec<&str> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            None if ticks.len() >= 3 && line.ends_with("text") => fence = Some(ticks),
            None => lines.push(line),
            Some(open) if line.trim_end() == ticks && ticks.len() >= open.len() => fence = None,
            Some(_) => {}
        }
    }
    assert!(fence.is_none(), "a fence is left open");
    lines
}

/// A line without its code spans.
fn uncoded(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let after = &rest[at + run..];
        let ticks = "`".repeat(run);
        let end = after
            .match_indices(&ticks)
            .find(|(i, _)| !after[..*i].ends_with('`') && !after[i + run..].starts_with('`'));
        let Some((end, _)) = end else { panic!("a code span is left open: {line}") };
        rest = &after[end + run..];
    }
    out + rest
}

#[test]
fn markdown_has_no_text_of_a_model_outside_of_code() {
    let (findings, requests) = hostile();
    let text = markdown(&findings, &requests, Lang::En);
    for line in outside(&text) {
        let plain = uncoded(line);
        for bad in ["@", "script", "img", "owned", "javascript", "fake", "&lt;", "#1"] {
            assert!(!plain.contains(bad), "{bad} in {line}");
        }
        if plain.starts_with('|') {
            let cells = plain.matches('|').count();
            assert!(cells == 9 || cells == 4, "{line}");
        }
    }
    let closed = outside(&text).iter().filter(|l| uncoded(l).contains("</details>")).count();
    assert_eq!(closed, 1, "ours");
    assert!(text.len() < 65_536 && text.starts_with("<!-- acidtest -->\n"));
}

#[test]
fn annotations_are_one_line_each() {
    let (findings, requests) = hostile();
    let place = Place { file: Some("a,b:c/suite.yaml".into()), gates: vec![None, Some(7), None] };
    let text = github(&findings, &requests, &place);
    let broken = findings.gates.iter().filter(|g| g.state.id() != "met").count();
    assert_eq!(text.lines().count(), broken + 10 + 1, "{text}");
    for line in text.lines() {
        let kinds = ["::error ", "::warning ", "::notice "];
        assert!(kinds.iter().any(|k| line.starts_with(k)), "{line}");
        assert!(!line.contains('\r') && !line.contains('\u{1b}'), "{line:?}");
    }
    assert!(text.contains("file=a%2Cb%3Ac/suite.yaml,"), "{text}");
}

/// Cells of a line of CSV.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell, mut quoted) = (vec![], vec![], String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => line.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                line.push(std::mem::take(&mut cell).trim_end_matches('\r').to_owned());
                lines.push(std::mem::take(&mut line));
            }
            c => cell.push(c),
        }
    }
    assert!(!quoted && line.is_empty() && cell.is_empty());
    lines
}

#[test]
fn tables_are_rectangular_and_run_no_formula() {
    let (findings, requests): (Findings, _) = hostile();
    for text in [csv(&findings), csv_cases(&findings, &requests)] {
        let lines = cells(&text);
        assert!(lines.len() > 5);
        for line in &lines {
            assert_eq!(line.len(), lines[0].len(), "{line:?}");
            for cell in line {
                let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!formula || cell.parse::<f64>().is_ok(), "{cell}");
            }
        }
    }
    let all = csv_cases(&findings, &requests);
    assert!(all.contains("'=cmd|' /C calc'!A0"), "{all}");
    assert_eq!(cells(&all).len(), requests.len() + 1);
}
