//! How fast the store is: `cargo run --release -p acidtest-store --example figures [RECORDS]`.
//!
//! Records of 64 streamed tokens, each with a request body of its own. Prints
//! wall time, processor time and size. Must not be read as a promise: the disk
//! decides about commits.

#![allow(clippy::print_stdout, reason = "an example whose result is what it prints")]

use acidtest_record::*;
use acidtest_store::{Store, Writer};
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

const RUN: RunId = RunId(1);

fn main() -> Result<(), Box<dyn Error>> {
    let records: u32 = match std::env::args().nth(1) {
        Some(n) => n.parse()?,
        None => 200_000,
    };
    let dir = std::env::temp_dir().join(format!("acidtest-figures-{}", std::process::id()));
    let path = dir.join("figures.db");
    println!("{records} records of 64 tokens");
    let store = written(&path, records)?;
    drop(store);
    let size = std::fs::metadata(&path)?.len();
    println!("size           {:8} bytes a record", size / u64::from(records));
    let store = Store::open_read_only(&path)?;
    let mut n = 0u64;
    timed("rows", records, || Ok(store.rows(RUN, &mut |r| n += u64::from(r.pieces))?))?;
    timed("details", records, || Ok(store.details(RUN, &mut |_, t| n += t.reads.len() as u64)?))?;
    timed("records", records, || Ok(store.records(RUN, &mut |r| n += r.answer.parts.len() as u64)?))?;
    timed("last attempts", records, || {
        n += store.last_attempts(RUN)?.len() as u64;
        Ok(())
    })?;
    let mut text = Vec::new();
    timed("export", records, || Ok(store.export(RUN, &mut text)?))?;
    drop(store);
    let mut other = Store::create_or_open(&dir.join("other.db"))?;
    timed("import", records, || {
        other.import(&mut text.as_slice())?;
        Ok(())
    })?;
    std::fs::remove_dir_all(&dir)?;
    println!("check          {n}");
    Ok(())
}

fn written(path: &std::path::Path, records: u32) -> Result<Store, Box<dyn Error>> {
    let mut store = Store::create_or_open(path)?;
    store.create_run(RUN, "figures", &spec(), &[], 0)?;
    let items: Vec<Item> = (0..records)
        .flat_map(|slot| {
            let body = body(slot);
            let record = Item::Record(Box::new(record(slot, body.hash)));
            [Item::Blob(body), record]
        })
        .collect();
    let mut back = None;
    timed("append", records, || {
        let (sender, writer) = Writer::spawn(store, RUN, 1024)?;
        for item in items {
            sender.send(item)?;
        }
        drop(sender);
        back = Some(writer.join()?.0);
        Ok(())
    })?;
    back.ok_or_else(|| "the writer gave no store back".into())
}

fn timed(
    what: &str,
    records: u32,
    f: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let (start, cpu) = (Instant::now(), cpu_s());
    f()?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_s() - cpu);
    let per = f64::from(records) / cpu.max(0.005);
    println!("{what:14} {wall:8.3} s wall {cpu:8.2} s processor {per:10.0} records per processor second");
    Ok(())
}

/// Processor time of this process, in seconds; 0 where the system does not say.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn body(slot: u32) -> Blob {
    let text = format!(
        r#"{{"model":"m","messages":[{{"role":"system","content":"You are a guide in a museum. Answer in one sentence."}},{{"role":"user","content":"[{:08x}] What is the story behind exhibit {}?"}}],"max_tokens":64,"temperature":0,"stream":true,"stream_options":{{"include_usage":true}}}}"#,
        slot.wrapping_mul(2_654_435_761),
        slot % 97
    );
    Blob::new(text.into_bytes())
}

fn record(slot: u32, body: Digest) -> Record {
    let start = Ns::from_millis(i64::from(slot) * 3);
    let jitter = |i: u32| i64::from((slot ^ i).wrapping_mul(2_654_435_761) >> 12);
    let at = |us: i64, i: u32| Ns(start.0 + us * 1000 + jitter(i));
    let reads: Vec<Read> = (0..66)
        .map(|i| Read {
            kernel: None,
            before: at(50_000 + 5_000 * i64::from(i), i),
            after: Ns(at(50_000 + 5_000 * i64::from(i), i).0 + 9_000 + jitter(i) / 100),
            bytes: 230 + slot % 7,
            drained: true,
        })
        .collect();
    let event = |read, kind| Event { read, kind, tokens: None, last_in_read: true };
    let mut events = vec![event(0, EventKind::Role)];
    events.extend((1..65).map(|i| event(i, EventKind::Visible)));
    events.push(event(65, EventKind::Done));
    let words = ["river", "king", "gold", "was", "made", "found", "in", "the", "year", "stone", "tomb"];
    let text: Vec<&str> = (0..64).map(|i| words[jitter(i) as usize % words.len()]).collect();
    let marks = [MarkName::QueueStart, MarkName::QueueEnd, MarkName::Head];
    Record {
        key: Key { run: RUN, slot, step: 0, attempt: 0 },
        parent: None,
        kind: Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case: Some(Digest::of(&(slot % 97).to_le_bytes())),
        repeat: 0,
        request: Request {
            path: "/v1/chat/completions".into(),
            body: Some(body),
            bytes: 290,
            stream: true,
            nonce: Some(format!("{:08x}", slot.wrapping_mul(2_654_435_761))),
        },
        timing: Timing {
            clock: 0,
            intended: start,
            started: Some(at(10, 1)),
            sent: Some(at(60, 1)),
            sent_end: Some(at(90, 1)),
            body_end: Some(at(380_000, 65)),
            ended: Some(at(380_100, 65)),
            marks: marks.map(|name| Mark { name, at: at(49_000, 0) }).to_vec(),
            reads,
            events,
        },
        outcome: Outcome::Completed { finish: Finish::Stop },
        head: Some(Head {
            status: 200,
            headers: vec![
                ("content-type".into(), "text/event-stream; charset=utf-8".into()),
                ("x-request-id".into(), format!("req_{slot:016x}")),
            ],
        }),
        answer: Answer { parts: vec![Part::Text(text.join(" "))], raw: None },
        said: Some(ServerSaid {
            model: Some("m".into()),
            fingerprint: None,
            id: Some(format!("chatcmpl-{slot:016x}")),
            usage: Usage { input: Some(61), output: Some(64), cached: None, reasoning: None },
            timings: vec![],
        }),
        fault: None,
        copied_from: None,
        place: Place { worker: 0, shard: 0, connection: slot % 64, reused: true, address: 0 },
    }
}

fn spec() -> RunSpec {
    RunSpec {
        version: SPEC_VERSION,
        name: "figures".into(),
        origin: Origin::Bench,
        acidtest: env!("CARGO_PKG_VERSION").into(),
        seed: 1,
        targets: vec![TargetSpec {
            name: "none".into(),
            kind: TargetKind::OpenaiChat,
            source: Source::Url("http://127.0.0.1:1/v1".into()),
            model: "m".into(),
            key_env: None,
            headers: BTreeMap::new(),
            body: serde_json::Map::new(),
            stream: true,
            price: None,
            ..TargetSpec::default()
        }],
        prompts: vec![],
        params: serde_json::Map::new(),
        phases: vec![],
        repeats: 1,
        fresh: true,
        retry: Retry::default(),
        limits: Limits::default(),
        caps: Caps::default(),
        extraction: Extraction::Whole,
        scorers: vec![],
        gates: vec![],
        cases: 0,
        workload: Digest::of(b"figures"),
        ..RunSpec::default()
    }
}
