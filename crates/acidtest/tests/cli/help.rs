//! The whole command line in one snapshot: it is what outsiders rely on.

use crate::Place;

#[test]
fn help_of_all_commands() {
    let ran = Place::new().run(&["gen", "cli"]).exits(0);
    let reference = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let written = std::fs::read_to_string(&reference).unwrap_or_default();
    assert_eq!(ran.out(), written, "docs/reference/cli.md is out of date: run `cargo xtask gen`");
}

#[test]
fn no_argument_shows_the_commands_and_is_a_usage_error() {
    let ran = Place::new().run(&[]).exits(2);
    for command in ["run", "bench", "report", "runs", "sim", "metrics", "completions"] {
        assert!(ran.err().contains(&format!("  {command}")), "{command} in\n{}", ran.err());
    }
}

#[test]
fn completions_and_metrics_print() {
    let place = Place::new();
    assert!(place.run(&["completions", "bash"]).exits(0).out().contains("_acidtest"));
    let metrics = place.run(&["metrics"]).exits(0).out();
    for id in ["accuracy", "ttft", "icl", "tpot", "error_rate", "cost"] {
        assert!(metrics.contains(id), "{id} in\n{metrics}");
    }
    assert!(place.run(&["metrics", "ttft"]).exits(0).out().contains("first content"));
    assert!(place.run(&["metrics", "ttft.p95"]).exits(0).out().contains("first content"));
    assert!(place.run(&["metrics", "char_f1"]).exits(0).out().contains("score"));
    assert!(place.run(&["metrics", "tfft"]).exits(2).err().contains("did you mean 'ttft'"));
}
