//! Rankings from files of battles.

use crate::Place;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Stdio;

/// Three models that all beat each other, five votes.
const VOTES: &str = "model_a,model_b,winner,judge,question_id\n\
                     x,y,model_a,u1,1\ny,x,model_a,u1,1\ny,z,tie,u2,2\nz,x,model_b,u2,1\nx,z,model_b,u3,3\n";

fn place() -> Place {
    let place = Place::new();
    place.file("votes.csv", VOTES);
    place
}

fn row<'r>(report: &'r Value, model: &str) -> &'r Value {
    report["rows"].as_array().unwrap().iter().find(|r| r["model"] == model).unwrap()
}

#[test]
fn a_known_ratio_is_the_known_rating() {
    let place = Place::new();
    // 3 to 1 is 400 log10 3 points.
    place.file("votes.csv", "model_a,model_b,winner\nx,y,a\nx,y,a\nx,y,a\nx,y,b\n");
    let report = place.run(&["rank", "votes.csv", "--format", "json"]).exits(0).json();
    assert_eq!(report["schema"], "acidtest.rank/1");
    let (x, y) =
        (row(&report, "x")["rating"].as_f64().unwrap(), row(&report, "y")["rating"].as_f64().unwrap());
    assert!((x - y - 400.0 * 3f64.log10()).abs() < 1e-9 && (x + y - 2000.0).abs() < 1e-9);
    // Variance of the log odds: n Σ(s−p)² / (n p q)² = 1 / (4 · 3/16).
    let half = row(&report, "x")["half_width_sandwich"].as_f64().unwrap();
    let due = 1.959_963_984_540_054 * 400.0 / 10f64.ln() * (16.0f64 / 12.0).sqrt() / 2.0;
    assert!((half - due).abs() < 1e-6, "{half} {due}");
    assert_eq!(report["matrices"]["wins"], json!([[0, 3], [1, 0]]));
    let anchored = ["rank", "votes.csv", "--anchor", "y=1200", "--format", "json"];
    let anchored = place.run(&anchored).exits(0).json();
    assert_eq!(row(&anchored, "y")["rating"], 1200.0);
    assert_eq!(row(&anchored, "y")["interval_none"], "the anchor, fixed");
}

#[test]
fn units_are_voters_then_prompts_then_duels() {
    let place = place();
    let units = |more: &[&str]| {
        let args = [&["rank", "votes.csv", "--format", "json"], more].concat();
        let report = place.run(&args).exits(0).json();
        (report["unit_of_sampling"].as_str().unwrap().to_owned(), report["units"].as_u64().unwrap())
    };
    assert_eq!(units(&[]), ("voter".into(), 3));
    assert_eq!(units(&["--cluster", "prompt"]), ("prompt".into(), 3));
    assert_eq!(units(&["--cluster", "battle"]), ("duel".into(), 4));
    place.file("one.csv", &VOTES.replace("u2", "u1").replace("u3", "u1"));
    let err = place.run(&["rank", "one.csv"]).exits(0).out();
    assert!(err.contains("one voter") && err.contains("sampled by prompt (3)"), "{err}");
    let err = place.run(&["rank", "votes.csv", "--voter", "who"]).exits(2).err();
    assert!(err.contains("no column 'who'") && err.contains("hint:"), "{err}");
}

#[test]
fn every_form_is_written() {
    let place = place();
    let text = place.run(&["rank", "votes.csv", "--matrix"]).exits(0).out();
    for words in ["RANKING", "PAIRS", "NEXT", "WINS", "warning: only 3 units"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    let csv = place.run(&["rank", "votes.csv", "--format", "csv"]).exits(0).out();
    assert_eq!(csv.lines().count(), 4);
    let pairs = place.run(&["rank", "votes.csv", "--format", "csv", "--matrix"]).exits(0).out();
    assert_eq!(pairs.lines().count(), 7);
    place.run(&["rank", "votes.csv", "--format", "markdown", "--output", "out.md"]).exits(0);
    let markdown = std::fs::read_to_string(place.path().join("out.md")).unwrap();
    assert!(markdown.contains("| `x` |"), "{markdown}");
    let korean = place.run(&["rank", "votes.csv", "--lang", "ko"]).exits(0).out();
    assert!(korean.contains("브래들리-테리, 최대 가능도") && korean.contains("평가자"), "{korean}");
}

#[test]
fn standard_input_gives_what_the_file_gives() {
    let place = place();
    let file = place.run(&["rank", "votes.csv", "--format", "json"]).exits(0).out();
    let mut child = place
        .command(&["rank", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(VOTES.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), file);
}

#[test]
fn models_that_cannot_be_compared_have_no_rating() {
    let place = Place::new();
    place.file("votes.csv", "model_a,model_b,winner\nx,y,a\ny,z,a\nv,w,tie\n");
    let report = place.run(&["rank", "votes.csv", "--format", "json"]).exits(0).json();
    let why = report["rating_none"].as_str().unwrap();
    for words in [
        "never lost to the others or tied them: x",
        "never beat the others or tied them: z",
        "never met the others: v, w",
    ] {
        assert!(why.contains(words), "{words} in {why}");
    }
    assert!(report["rows"].as_array().unwrap().iter().all(|r| r["rating"].is_null()));
    assert!(!report["next"].as_array().unwrap().is_empty());
    let regularised = place.run(&["rank", "votes.csv", "--prior-ties", "1"]).exits(0).out();
    assert!(
        regularised.contains("regularised by 1 prior ties") && regularised.contains("warning: regularised")
    );
}

#[test]
fn elo_follows_the_order_and_has_no_interval() {
    let place = Place::new();
    place.file("votes.csv", "model_a,model_b,winner,tstamp\nx,y,b,2\nx,y,a,1\n");
    let rating = |more: &[&str]| {
        let args =
            [&["rank", "votes.csv", "--method", "elo", "--k", "32", "--format", "json"], more].concat();
        let report = place.run(&args).exits(0).json();
        assert!(row(&report, "x")["interval_none"].as_str().unwrap().contains("order"));
        row(&report, "x")["rating"].as_f64().unwrap()
    };
    let (by_file, by_time) = (rating(&[]), rating(&["--by-time"]));
    assert!(by_file > 1000.0 && by_time < 1000.0, "{by_file} {by_time}");
    let err = place.run(&["rank", "votes.csv", "--method", "elo", "--bootstrap", "9"]).exits(2).err();
    assert!(err.contains("--bootstrap cannot be used"), "{err}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let place = Place::new();
    place.file("word.csv", "model_a,model_b,winner\nx,y,a\nx,y,perhaps\n");
    place.file("self.csv", "model_a,model_b,winner\nx,x,a\n");
    place.file("empty.csv", "");
    place.file("good.csv", "model_a,model_b,winner\nx,y,a\nx,y,b\n");
    for (args, words, hint) in [
        (&["word.csv"][..], "word.csv:3: 'perhaps' is no known outcome", "known: model_a, a,"),
        (&["self.csv"], "self.csv:2: 'x' meets itself", "hint:"),
        (&["empty.csv"], "no battles in it", "model_a"),
        (&["nowhere.csv"], "cannot read 'nowhere.csv'", "hint:"),
        (&["good.csv", "--anchor", "q=1"], "no model 'q'", "there are: x, y"),
        (&["good.csv", "--anchor", "x=high"], "'high' is no number", "MODEL=RATING"),
        (&["good.csv", "--min-battles", "3"], "no two models are left", "--min-battles"),
        (&["good.csv", "--style", "length"], "no column 'length_a'", "--style"),
        (&["good.csv", "--level", "2"], "--level is 2", ""),
        (&["good.csv", "--cluster", "voter"], "the battles name no voter", "--voter"),
        (&["good.csv", "--method", "elo", "--k", "0"], "k is 0", ""),
    ] {
        let err = place.run(&[&["rank"], args].concat()).exits(2).err();
        assert!(err.contains(words) && err.contains(hint), "{args:?}: {err}");
    }
}

#[test]
fn length_is_told_from_skill() {
    let place = Place::new();
    // The longer answer wins four times in five, whoever gave it.
    let mut votes = String::from("model_a,model_b,winner,length_a,length_b\n");
    for i in 0..200u32 {
        let (a, b) = if i % 4 < 2 { (300, 100) } else { (100, 300) };
        let longer_wins = i % 5 != 0;
        let winner = if (a > b) == longer_wins { "a" } else { "b" };
        votes += &format!("m{},m{},{winner},{a},{b}\n", i % 3, (i + 1) % 3);
    }
    place.file("votes.csv", &votes);
    let args = ["rank", "votes.csv", "--style", "length", "--format", "json"];
    let report = place.run(&args).exits(0).json();
    let style = &report["style"][0];
    let due = 400.0 * 4f64.log10();
    assert!((style["points"].as_f64().unwrap() - due).abs() < 60.0, "{style}");
    assert!(style["low"].as_f64().unwrap() > 0.0);
}

/// A stored run of two targets over 12 cases, the second of which answers half of them wrong.
fn stored() -> Place {
    let place = Place::new();
    place.file("cases.jsonl", &crate::cases(12));
    let target = |name: &str, wrong: f64| {
        format!(
            "  - {{ name: {name}, url: \"sim:{name}\", model: sim, sim: {{ ttft_ms: 1, gap_ms: 0, \
             answers: {{ file: cases.jsonl, wrong: {wrong} }} }} }}\n"
        )
    };
    let suite = format!(
        "name: test\ntargets:\n{}{}prompt: \"{{{{ question }}}}\"\n\
         cases: {{ file: cases.jsonl, map: {{ expected: answer }} }}\nscorers: [contains]\nphases: [closed: 4]\n",
        target("good", 0.0),
        target("worse", 0.5)
    );
    place.file("suite.yaml", &suite);
    place.run(&["run", "suite.yaml"]).exits(0);
    place
}

#[test]
fn scores_of_a_stored_run_are_battles() {
    let place = stored();
    let report = place.run(&["rank", "--scores", "correct", "--format", "json"]).exits(0).json();
    assert_eq!((report["battles"].as_u64(), report["unit_of_sampling"].as_str()), (Some(12), Some("prompt")));
    let good = row(&report, "good");
    assert!(good["wins"].as_u64().unwrap() > 0 && good["losses"] == 0, "{good}");
    assert!(report["warnings"].to_string().contains("made of the score 'correct'"), "{}", report["warnings"]);
    let err = place.run(&["rank", "--scores", "nope", "--run", "latest"]).exits(2).err();
    assert!(
        err.contains("no two targets have the score 'nope'") && err.contains("correct, contains"),
        "{err}"
    );
    let err = place.run(&["rank", "--votes"]).exits(2).err();
    assert!(err.contains("nobody voted") && err.contains("hint:"), "{err}");
    place.run(&["rank", "--votes", "--run", "zz"]).exits(2);
    place.run(&["rank"]).exits(2);
    place.run(&["rank", "votes.csv", "--votes"]).exits(2);
    assert!(place.run(&["rank", "--votes", "--style", "x"]).exits(2).err().contains("files of votes"));
    place.run(&["rank", "--scores", "correct", "--by-time"]).exits(2);
}

#[test]
fn stored_votes_are_battles_and_the_latest_counts() {
    use acidtest_record::{About, AboutRole, Item, Key, Maker, MakerKind, Status, Value as Said, Verdict};
    let place = stored();
    let mut store = acidtest_store::Store::open(&place.path().join(".acidtest/acidtest.db")).unwrap();
    let run = store.resolve("latest").unwrap();
    let mut of_case: std::collections::BTreeMap<_, Vec<(u16, Key)>> = Default::default();
    store.rows(run, &mut |r| of_case.entry(r.case).or_default().push((r.target, r.key))).unwrap();
    let vote = |person: &str, a: Key, b: Key, word: &str, at: i64| {
        let about = |role, key| About { role, key };
        Item::Verdict(Verdict {
            name: "preference".into(),
            maker: Maker {
                kind: MakerKind::Person,
                name: person.into(),
                version: String::new(),
                digest: None,
            },
            about: vec![about(AboutRole::A, a), about(AboutRole::B, b)],
            status: Status::Scored,
            value: Some(Said::Preference(word.into())),
            why: None,
            evidence: None,
            at_unix_ns: at,
        })
    };
    let mut items = Vec::new();
    for (i, pair) in of_case.values_mut().enumerate() {
        pair.sort();
        let (good, worse) = (pair[0].1, pair[1].1);
        for person in ["kim", "lee", "park"] {
            // First the other way round, then changed: only the second counts.
            items.push(vote(person, worse, good, "a", 1));
            items.push(vote(person, good, worse, ["a", "a", "b", "tie"][i % 4], 2));
        }
    }
    store.append(run, &items).unwrap();
    let report = place.run(&["rank", "--votes", "--format", "json"]).exits(0).json();
    let good = row(&report, "good");
    assert_eq!(
        (good["wins"].as_u64(), good["losses"].as_u64(), good["ties"].as_u64()),
        (Some(18), Some(9), Some(9))
    );
    assert_eq!((report["unit_of_sampling"].as_str(), report["units"].as_u64()), (Some("voter"), Some(3)));
    let elo =
        place.run(&["rank", "--votes", "--method", "elo", "--by-time", "--run", "latest"]).exits(0).out();
    assert!(elo.contains("order of their times"), "{elo}");
}
