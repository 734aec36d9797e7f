//! Export and import.

use super::{append, exported, fresh, records, sample};
use crate::{Store, StoreError};
use acidtest_record::{ClockRow, Item, NotSent, Part, RunState};

/// A run with one of everything.
fn full() -> (tempfile::TempDir, Store) {
    let (dir, mut store) = fresh();
    let run = sample::RUN;
    let cases: Vec<_> = (0..3).map(sample::case).collect();
    store.create_run(run, "full", &sample::spec("full"), &cases, 5).unwrap();
    for no in [0, 1] {
        let clock = ClockRow { no, host: "h".into(), zero_unix_ns: 1, error_ns: Some(2) };
        store.add_clock(run, &clock).unwrap();
    }
    let blobs: Vec<Item> = (0..3).map(|i| Item::Blob(sample::body(i))).collect();
    store.append(run, &blobs).unwrap();
    let mut odd = sample::plain(run, 1);
    odd.answer.parts.push(Part::Scores(vec![f64::NAN, 2.0, f64::INFINITY]));
    append(&mut store, &[sample::plain(run, 0), odd, sample::not_sent(run, 2, NotSent::Cap)]);
    store.append(run, &sample::beside(run)).unwrap();
    store.set_state(run, RunState::Stopped, 99).unwrap();
    (dir, store)
}

fn import(store: &mut Store, text: &[u8]) -> crate::Result<crate::Imported> {
    store.import(&mut &text[..])
}

#[test]
fn import_reads_back_what_export_wrote() {
    let (_a, from) = full();
    let text = exported(&from, sample::RUN);
    let (_b, mut to) = fresh();
    let done = import(&mut to, &text).unwrap();
    assert_eq!((done.run, done.stored.records), (sample::RUN, 3));
    assert_eq!(String::from_utf8(exported(&to, sample::RUN)), String::from_utf8(text));
    let debug = |s: &Store| format!("{:?}", records(s, sample::RUN));
    assert_eq!(debug(&to), debug(&from));
    let (a, b) = (from.summary(sample::RUN).unwrap(), to.summary(sample::RUN).unwrap());
    assert_eq!(a, b);
    assert_eq!(to.cases(sample::RUN).unwrap(), from.cases(sample::RUN).unwrap());
}

#[test]
fn a_run_is_not_imported_twice() {
    let (_a, mut store) = full();
    let text = exported(&store, sample::RUN);
    let e = import(&mut store, &text).unwrap_err();
    assert!(matches!(e, StoreError::RunExists { .. }), "{e}");
}

#[test]
fn cut_files_leave_nothing_behind() {
    let (_a, from) = full();
    let text = exported(&from, sample::RUN);
    let (_b, mut to) = fresh();
    // Every end of a line, and some places within lines.
    let ends: Vec<usize> = (0..text.len()).filter(|i| text[*i] == b'\n').collect();
    let within = (1..60).map(|i| i * (text.len() - 1) / 60);
    // The very last line feed may be missing: the end line is whole without it.
    for cut in ends[..ends.len() - 1].iter().map(|i| i + 1).chain(within).chain([0]) {
        let e = import(&mut to, &text[..cut]).unwrap_err();
        assert!(matches!(e, StoreError::Import { .. }), "{cut}: {e}");
        assert!(to.runs().unwrap().is_empty());
    }
    import(&mut to, &text[..text.len() - 1]).unwrap();
}

/// Changes one export and says what its import says.
fn refused(change: impl FnOnce(&mut Vec<String>)) -> String {
    let (_a, from) = full();
    let text = String::from_utf8(exported(&from, sample::RUN)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    let (_b, mut to) = fresh();
    let e = import(&mut to, lines.join("\n").as_bytes()).unwrap_err();
    assert!(to.runs().unwrap().is_empty());
    assert!(e.hint().is_some());
    e.to_string()
}

/// The first line of a kind.
fn at(lines: &[String], kind: &str) -> usize {
    let start = format!("{{\"{kind}\":");
    lines.iter().position(|l| l.starts_with(&start)).unwrap()
}

#[test]
fn changed_files_are_refused_by_line() {
    let check = |want: &str, change: &dyn Fn(&mut Vec<String>)| {
        let said = refused(change);
        assert!(said.contains(want), "'{said}' lacks '{want}'");
    };
    check("line 1: not an export", &|l| l[0] = "PK\u{3}\u{4}".into());
    check("line 1: not an export", &|l| l[0] = "{}".into());
    check("line 1: schema 'acidtest.run/9'", &|l| l[0] = l[0].replace("run/1", "run/9"));
    check("line 2: expected the spec", &|l| {
        l.remove(1);
    });
    check("line 3: unknown variant", &|l| l[2] = "{\"secret\":1}".into());
    check("line 3: a second spec", &|l| l[2] = l[1].clone());
    check("not base 64", &|l| {
        let i = at(l, "blob");
        l[i] = l[i].replace("\"base64\":\"", "\"base64\":\"*");
    });
    check("another digest", &|l| {
        let i = at(l, "blob");
        l[i] = l[i].replace("\"base64\":\"", "\"base64\":\"AAAA");
    });
    check("was appended to run", &|l| {
        let i = at(l, "record");
        l[i] = l[i].replace("7f3a000000000001", "7f3a000000000002");
    });
    check("the counts at the end", &|l| {
        let i = at(l, "record");
        l.remove(i);
    });
    check("the same record is in the file twice", &|l| {
        let i = at(l, "record");
        l.insert(i, l[i].clone());
        let end = l.len() - 1;
        l[end] = l[end].replace("\"records\":3", "\"records\":4");
    });
    check("it is in the file twice", &|l| {
        let i = at(l, "clock");
        l.insert(i, l[i].clone());
    });
    check("a second state", &|l| {
        let i = at(l, "state");
        l.insert(i, l[i].clone());
    });
    check("before the state", &|l| {
        let i = at(l, "state");
        l.remove(i);
    });
    check("nothing may follow the end", &|l| l.push("{}".into()));
    check("an odd line within an odd line", &|l| {
        let i = at(l, "odd");
        l[i] = format!("{{\"odd\":{{\"line\":{},\"numbers\":[]}}}}", l[i]);
    });
    check("recursion limit", &|l| {
        l[2] = format!("{{\"case\":{{\"vars\":{}", "{\"a\":".repeat(100_000));
    });
}
