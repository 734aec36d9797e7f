//! Files to estimates, and what a user reads when a file is wrong.

use super::args::{AverageArg, ColumnArgs, is_column_metric};
use super::score_files;
use super::table::File;
use acidtest_findings::Quantity;
use acidtest_findings::scored::sheet::Scored;

fn names(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn scored(metrics: &str, files: &[(&str, &str)], args: &ColumnArgs) -> Result<Scored, String> {
    let files: Vec<File> = files.iter().map(|(name, text)| File::of(name, text)).collect();
    let named = args.named(&names(metrics)).map_err(|e| e.words())?;
    score_files(&named, &files[0], files.get(1), args).map_err(|e| e.words())
}

fn value(found: &Scored, name: &str) -> f64 {
    let e = found.estimates.iter().find(|e| e.name() == name).unwrap_or_else(|| {
        panic!("no {name}: {:?}", found.estimates.iter().map(|e| e.name()).collect::<Vec<_>>())
    });
    e.number().unwrap_or_else(|| panic!("{name}: {:?}", e.value))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn names_are_known() {
    for name in [
        "accuracy",
        "f0.5",
        "kappa_linear",
        "roc_auc",
        "pass@5",
        "pass^3",
        "pass@k",
        "majority",
        "hit@k",
        "ndcg@10",
        "ndcg",
        "map",
        "precision",
        "precision@5",
    ] {
        assert!(is_column_metric(name), "{name}");
    }
    for name in ["bleu", "pass", "hit@0", "hit@x", "f3", "", "@5", "mrr@"] {
        assert!(!is_column_metric(name), "{name}");
    }
    let error = scored("pass@k", &[("a.csv", "task,correct\n1,1\n")], &ColumnArgs::default()).unwrap_err();
    assert!(error.contains("--k 1,5,10"), "{error}");
}

#[test]
fn labels_of_tables_and_texts() {
    let args = ColumnArgs::default();
    let table = [("a.csv", "label,truth\na,a\na,b\nb,b\nb,b\n")];
    let texts = [("p.txt", "a\na\nb\nb\n"), ("r.txt", "a\nb\nb\nb\n")];
    let one = scored("accuracy f1", &table, &args).unwrap();
    assert_eq!(value(&one, "accuracy"), 0.75);
    assert_eq!(scored("accuracy f1", &texts, &args).unwrap(), one);
    let json = [
        ("p.jsonl", "{\"label\":\"a\"}\n{\"label\":\"a\"}\n{\"label\":\"b\"}\n{\"label\":\"b\"}\n"),
        texts[1],
    ];
    assert_eq!(scored("accuracy f1", &json, &args).unwrap(), one);
    let short = scored("accuracy", &[texts[0], ("r.txt", "a\n")], &args).unwrap_err();
    assert!(short.contains("r.txt: 1 rows, and 4 predictions"), "{short}");
    let alone = scored("accuracy", &texts[..1], &args).unwrap_err();
    assert!(alone.contains("--references"), "{alone}");
    let given = ColumnArgs { labels: names("a c"), ..ColumnArgs::default() };
    let outside = scored("accuracy", &table, &given).unwrap_err();
    assert!(outside.contains("a.csv:3: the label 'b' is not among the given labels"), "{outside}");
}

#[test]
fn clusters_are_the_unit() {
    let args = ColumnArgs { cluster_field: some("doc"), ..ColumnArgs::default() };
    let table = [("a.csv", "label,truth,doc\na,a,1\na,b,1\nb,b,2\nb,b,2\na,a,3\n")];
    let found = scored("accuracy f1 mcc", &table, &args).unwrap();
    assert_eq!(found.estimates[0].n.clusters, 3);
    assert_eq!(found.estimates[0].ends().unwrap().unit_of_sampling, "cluster");
    let none = scored("accuracy", &[("a.csv", "label,truth\na,a\n")], &args).unwrap_err();
    assert!(none.contains("there is no field 'doc'"), "{none}");
}

#[test]
fn scores_and_probabilities() {
    let args = ColumnArgs::default();
    let table = [("a.csv", "label,score\n0,0.1\n0,0.4\n1,0.35\n1,0.8\n")];
    let found = scored("roc_auc brier ece", &table, &args).unwrap();
    assert_eq!(value(&found, "roc_auc"), 0.75);
    let words = [("a.csv", "label,score\nham,0.1\nspam,0.4\n")];
    assert!(scored("roc_auc", &words, &args).unwrap_err().contains("--positive"));
    let spam = ColumnArgs { positive: some("spam"), ..ColumnArgs::default() };
    assert_eq!(value(&scored("roc_auc", &words, &spam).unwrap(), "roc_auc"), 1.0);
    for (cell, metric, what) in [
        ("nan", "roc_auc", "a.csv:3: 'nan', expected a finite number"),
        ("inf", "roc_auc", "a.csv:3: 'inf', expected"),
        ("1.5", "log_loss", "a.csv:3: the probability is 1.5, expected"),
        ("", "roc_auc", "a.csv:3: '', expected a finite number"),
    ] {
        let said =
            scored(metric, &[("a.csv", &format!("label,score\n1,0.5\n0,{cell}\n"))], &args).unwrap_err();
        assert!(said.contains(what), "{said}");
    }
    let one = scored("roc_auc", &[("a.csv", "label,score\n1,0.5\n1,0.7\n")], &args).unwrap();
    assert!(matches!(&one.estimates[0].value, Quantity::Absent(why) if why.contains("one class only")));
}

#[test]
fn several_classes() {
    let lists = [(
        "a.jsonl",
        "{\"truth\":\"a\",\"probs\":[0.5,0.3,0.2]}\n{\"truth\":\"b\",\"probs\":[0.1,0.8,0.1]}\n{\"truth\":\"c\",\"probs\":[0.3,0.3,0.4]}\n",
    )];
    let objects = [(
        "a.jsonl",
        "{\"truth\":\"a\",\"probs\":{\"a\":0.5,\"b\":0.3,\"c\":0.2}}\n{\"truth\":\"b\",\"probs\":{\"b\":0.8,\"a\":0.1,\"c\":0.1}}\n{\"truth\":\"c\",\"probs\":{\"a\":0.3,\"b\":0.3,\"c\":0.4}}\n",
    )];
    let table = [("a.csv", "truth,pa,pb,pc\na,0.5,0.3,0.2\nb,0.1,0.8,0.1\nc,0.3,0.3,0.4\n")];
    let args = ColumnArgs { average: vec![AverageArg::Macro], ..ColumnArgs::default() };
    let one = scored("roc_auc log_loss brier ece", &lists, &args).unwrap();
    assert_eq!(scored("roc_auc log_loss brier ece", &objects, &args).unwrap(), one);
    let columns = ColumnArgs { probs_field: names("pa pb pc"), ..args.clone() };
    assert_eq!(scored("roc_auc log_loss brier ece", &table, &columns).unwrap(), one);
    let line = |row: &str| [("a.jsonl", format!("{{\"truth\":\"a\",\"probs\":[0.5,0.5]}}\n{row}\n"))];
    for (row, what) in [
        ("{\"truth\":\"b\",\"probs\":[0.5,0.4]}", "a.jsonl:2: the probabilities sum to 0.9"),
        ("{\"truth\":\"b\",\"probs\":[0.5]}", "a.jsonl:2: 1 probabilities, expected 2"),
        ("{\"truth\":\"b\",\"probs\":0.5}", "a.jsonl:2: 0.5, expected a list"),
        ("{\"truth\":\"b\",\"probs\":[1.5,-0.5]}", "a.jsonl:2: the probability is 1.5"),
        ("{\"truth\":\"a\",\"probs\":[0.5,0.5]}", "2 probabilities per row, and 1 labels"),
    ] {
        let [(name, text)] = line(row);
        let said = scored("brier", &[(name, &text)], &args).unwrap_err();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn samples_of_tasks() {
    let args = ColumnArgs { k: vec![1, 2], ..ColumnArgs::default() };
    let rows = [("a.csv", "task,correct\nx,true\nx,0\ny,FALSE\ny,0\nz,1\n")];
    let found = scored("pass@k pass^2 majority", &rows, &args).unwrap();
    assert_eq!(value(&found, "pass@1"), 0.5);
    assert_eq!(value(&found, "pass@2"), 0.5);
    assert_eq!(value(&found, "pass^2"), 0.0);
    assert_eq!(value(&found, "majority"), 0.5);
    let counts = [("a.csv", "task,n,c\nx,2,1\ny,2,0\nz,1,1\n")];
    assert_eq!(scored("pass@k pass^2 majority", &counts, &args).unwrap(), found);
    let votes = ColumnArgs { label_field: some("said"), truth_field: some("due"), ..args.clone() };
    let answers = [("a.csv", "task,said,due\nx,7,7\nx,8,7\nx,7,7\ny,1,2\n")];
    assert_eq!(value(&scored("majority", &answers, &votes).unwrap(), "majority"), 0.5);
    for (text, what) in [
        ("task,correct\nx,maybe\n", "a.csv:2: 'maybe', expected true, false, 1 or 0"),
        ("task,n,c\nx,1,2\n", "a.csv:2: task 'x' has 2 right of 1 samples"),
        ("task,n,c\nx,1,1\nx,1,1\n", "a.csv:3: task 'x' is given twice"),
        ("task,n,c\nx,1.5,1\n", "a.csv:2: 1.5, expected a whole number"),
    ] {
        let said = scored("pass@1", &[("a.csv", text)], &args).unwrap_err();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn rankings_of_trec_files() {
    let args = ColumnArgs { k: vec![2], ..ColumnArgs::default() };
    let files =
        [("run.txt", "1 Q0 b 1 0.9 x\n1 Q0 a 2 0.5 x\n3 Q0 a 1 1 x\n"), ("qrels.txt", "1 0 a 1\n2 0 c 2\n")];
    let found = scored("mrr hit@k ndcg map recall@1", &files, &args).unwrap();
    assert_eq!((value(&found, "mrr"), value(&found, "hit@2"), value(&found, "recall@1")), (0.25, 0.5, 0.0));
    assert_eq!(found.estimates[0].n.of, 3);
    assert!(scored("mrr", &files[..1], &args).unwrap_err().contains("--references QRELS"));
}
