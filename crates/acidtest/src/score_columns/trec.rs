//! TREC judgements and runs, and the same as JSON Lines, CSV or TSV.
//!
//! Main function: [`queries`]. Ranking itself is not done here.

use super::table::{File, Form, at, brief};
use crate::exit::Failure;
use acidtest_findings::scored::rankings::Query;
use std::collections::{HashMap, HashSet};

/// One line of judgements or of a run.
struct Entry<T> {
    line: u64,
    query: String,
    document: String,
    value: T,
}

/// Joins judgements and run by query, in the order of the judgements; queries that only the run
/// has come last.
pub(super) fn queries(qrels: &File, run: &File) -> Result<Vec<Query>, Failure> {
    let judged = judgements(qrels)?;
    let ranked = ranking(run)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<Query> = Vec::new();
    let mut place = |name: &str, all: &mut Vec<Query>| {
        *places.entry(name.to_owned()).or_insert_with(|| {
            all.push(Query { name: name.to_owned(), ..Query::default() });
            all.len() - 1
        })
    };
    once(qrels, &judged, "judged")?;
    once(run, &ranked, "ranked")?;
    for e in judged {
        let at = place(&e.query, &mut all);
        all[at].judged.push((e.document, e.value));
    }
    for e in ranked {
        let at = place(&e.query, &mut all);
        all[at].run.push((e.document, e.value));
    }
    Ok(all)
}

fn once<T>(file: &File, entries: &[Entry<T>], word: &str) -> Result<(), Failure> {
    let mut seen = HashSet::with_capacity(entries.len());
    match entries.iter().find(|e| !seen.insert((e.query.as_str(), e.document.as_str()))) {
        None => Ok(()),
        Some(e) => {
            let what =
                format!("document '{}' is {word} twice for query '{}'", brief(&e.document), brief(&e.query));
            Err(at(&file.name, e.line, &what))
        }
    }
}

fn judgements(file: &File) -> Result<Vec<Entry<i32>>, Failure> {
    let fields = ["query", "document", "relevance"];
    let form = "4 fields: query, 0, document, relevance";
    entries(
        file,
        &fields,
        form,
        |f| (f.len() == 4).then(|| [f[0], f[2], f[3]]),
        |value| {
            let whole = value.trim().parse::<i32>().ok();
            whole.ok_or_else(|| format!("'{}', expected a whole number as relevance", brief(value)))
        },
    )
}

fn ranking(file: &File) -> Result<Vec<Entry<f64>>, Failure> {
    let fields = ["query", "document", "score"];
    let form = "6 fields: query, Q0, document, rank, score, run";
    entries(
        file,
        &fields,
        form,
        |f| (f.len() == 6).then(|| [f[0], f[2], f[4]]),
        |value| {
            let finite = value.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            finite.ok_or_else(|| format!("'{}', expected a finite number as score", brief(value)))
        },
    )
}

fn entries<T>(
    file: &File,
    fields: &[&str; 3],
    form: &str,
    pick: impl for<'l> Fn(&[&'l str]) -> Option<[&'l str; 3]>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<Entry<T>>, Failure> {
    if file.form != Form::Text {
        return from_table(file, fields, read);
    }
    let mut all = Vec::new();
    for (line, text) in file.lines().filter(|(_, l)| !l.trim().is_empty()) {
        let parts: Vec<&str> = text.split_ascii_whitespace().collect();
        let Some([query, document, value]) = pick(&parts) else {
            return Err(at(&file.name, line, &format!("{} fields, expected {form}", parts.len())));
        };
        let value = read(value).map_err(|what| at(&file.name, line, &what))?;
        all.push(Entry { line, query: query.to_owned(), document: document.to_owned(), value });
    }
    if all.is_empty() {
        return Err(Failure::usage(format!("{}: there is no row", file.name)));
    }
    Ok(all)
}

fn from_table<T>(
    file: &File,
    fields: &[&str; 3],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<Entry<T>>, Failure> {
    let columns = file.columns(fields)?;
    let (queries, documents, values) = (columns.labels(0)?, columns.labels(1)?, columns.labels(2)?);
    let triples = queries.into_iter().zip(documents).zip(values).enumerate();
    let one = |(row, ((query, document), value)): (usize, ((String, String), String))| {
        let value = read(&value).map_err(|what| columns.error(row, &what))?;
        Ok(Entry { line: columns.line(row), query, document, value })
    };
    triples.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(qrels: &str, run: &str) -> String {
        queries(&File::of("q.txt", qrels), &File::of("r.txt", run)).unwrap_err().words()
    }

    #[test]
    fn judgements_and_run_meet() {
        let qrels = File::of("q.qrels", "1 0 a 1\n1 0 b 0\n2 0 c 2\n");
        let run = File::of("r.run", "1 Q0 b 1 0.9 x\n1\tQ0\ta\t2\t0.5\tx\n3 Q0 a 1 1 x\n");
        let found = queries(&qrels, &run).unwrap();
        let names: Vec<&str> = found.iter().map(|q| q.name.as_str()).collect();
        assert_eq!(names, ["1", "2", "3"]);
        assert_eq!((found[0].run.len(), found[1].run.len(), found[2].judged.len()), (2, 0, 0));
        let table = File::of("r.csv", "query,document,score\n1,b,0.9\n1,a,0.5\n3,a,1\n");
        assert_eq!(queries(&qrels, &table).unwrap(), found);
    }

    #[test]
    fn trouble_names_its_line() {
        let run = "1 Q0 a 1 0.5 x\n";
        assert!(said("1 0 a 1\n1 0 a 1\n", run).contains("q.txt:2: document 'a' is judged twice"));
        assert!(said("1 0 a 1\n", &format!("{run}{run}")).contains("r.txt:2: document 'a' is ranked twice"));
        assert!(said("1 0 a high\n", run).contains("q.txt:1: 'high', expected a whole number"));
        assert!(said("1 0 a\n", run).contains("q.txt:1: 3 fields, expected 4"));
        assert!(said("1 0 a 1\n", "1 Q0 a 1 nan x\n").contains("r.txt:1: 'nan', expected a finite"));
        assert!(said("", run).contains("there is no row"));
    }
}
