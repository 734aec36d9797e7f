//! Reads a run back and computes its findings: to measure time and memory of that alone.
//!
//! `cargo run --release -p acidtest-readback --example shown -- FILE RUN`

#![allow(clippy::print_stdout, reason = "what it found is its result")]

use acidtest_readback::findings;
use acidtest_store::Store;
use std::path::Path;

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(file), Some(run)) = (args.next(), args.next()) else { return };
    let store = Store::open_read_only(Path::new(&file)).expect("a store");
    let run = store.resolve(&run).expect("a run");
    let found = findings(&store, run).expect("findings");
    println!("{found:#?}");
}
