//! Long proofs, run before a release and not by `ci`.
//!
//! Main item: [`PROOFS`]; a new proof is one file and one line there. A proof measures what the
//! program does on this machine and writes what it saw, with date and command; it never repeats a
//! figure from elsewhere.

mod bench;
mod clock;
mod coverage;
mod cpu;
mod instructions;
mod interop;
mod intervals;
mod kill;
mod memory;
mod oracle;
mod overhead;
mod page;
mod python;
mod rig;
mod rivals;
mod search;
mod took;
mod view;
mod watch;

use anyhow::{Result, bail};

/// One proof.
struct Proof {
    name: &'static str,
    about: &'static str,
    run: fn(&[&str]) -> Result<()>,
}

const PROOFS: &[Proof] = &[
    Proof {
        name: "bench",
        about: "build time, binary size, start-up time, memory, and bench beside the truth: docs/benchmarks.md",
        run: bench::run,
    },
    Proof {
        name: "clock",
        about: "reported minus true, rung by rung, and how often the verdict is wrong: docs/benchmarks.md [--quick]",
        run: clock::run,
    },
    Proof {
        name: "cpu",
        about: "CPU of the client per 1000 tokens beside the floor and vllm-rs: docs/benchmarks.md [--quick]",
        run: cpu::run,
    },
    Proof {
        name: "memory",
        about: "memory at 10,000 streams and over a million requests: docs/benchmarks.md [--quick]",
        run: memory::run,
    },
    Proof {
        name: "instructions",
        about: "instructions of the path of an event, against a budget (valgrind): docs/benchmarks.md",
        run: instructions::run,
    },
    Proof {
        name: "interop",
        about: "foreign servers and vendors' clients, word for word: docs/interop.md (Python)",
        run: interop::run,
    },
    Proof {
        name: "overhead",
        about: "CPU per 1000 cases beside lm-eval, inspect_ai and promptfoo, 429s too: docs/benchmarks.md (Python, npm)",
        run: overhead::run,
    },
    Proof {
        name: "coverage",
        about: "how often intervals hold the truth and tests cry wolf, on a fixed grid: docs/coverage.md [SETS]",
        run: coverage::run,
    },
    Proof {
        name: "intervals",
        about: "how often the intervals of values under load hold the truth, on series and queues: docs/coverage.md [RUNS]",
        run: intervals::run,
    },
    Proof {
        name: "oracle",
        about: "thousands of random inputs against the reference packages: docs/benchmarks.md (Python) [SEED [CASES]]",
        run: oracle::run,
    },
    Proof {
        name: "rivals",
        about: "speed of the metrics beside the packages that people use: docs/benchmarks.md (Python)",
        run: rivals::run,
    },
    Proof {
        name: "search",
        about: "how often the interval of a capacity search holds the truth: docs/benchmarks.md [RUNS] [--built]",
        run: search::run,
    },
    Proof {
        name: "view",
        about: "the page with 100,000 records: time to paint, memory of the server: docs/benchmarks.md (npm, Chromium)",
        run: view::run,
    },
    Proof {
        name: "kill",
        about: "kill -9 in mid-run and --resume, a hundred times over: kill [TIMES]",
        run: kill::run,
    },
];

/// Runs one proof, or lists them.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let [name, rest @ ..] = words else {
        for proof in PROOFS {
            println!("{:<12} {}", proof.name, proof.about);
        }
        return Ok(());
    };
    match PROOFS.iter().find(|proof| proof.name == *name) {
        Some(proof) => (proof.run)(rest),
        None => {
            let names: Vec<&str> = PROOFS.iter().map(|proof| proof.name).collect();
            bail!("no proof `{name}`, expected one of: {}", names.join(", "))
        }
    }
}
