//! What the machine, the server's processes and the server itself said beside the run.

use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Sensed, Unit};
use acidtest_record::observe::{CPU, MEM, NET_LOOPBACK, NET_RX, NET_TX};
use acidtest_record::{ServerGauge, Stat};

const EDGES: &str = "over readings in the steady window, or in the whole phase where none fell into it (label window); a resumed run: over all clocks";
const INTERVAL: &str = "none (what was seen, not a sample)";

const OF_MACHINE: Metric = Metric {
    id: "",
    title: "",
    family: Family::Surroundings,
    unit: Unit::BytesPerSecond,
    better: Better::Neither,
    range: None,
    stats: &[Stat::Mean, Stat::Max],
    param: Some("source"),
    needs: "readings of the host, on Linux",
    formula: "",
    edges: EDGES,
    interval: INTERVAL,
    source: "/proc of Linux",
    guard: Guard::Nothing,
    measure: Measure::Sensed(Sensed::Named("")),
};

const OF_SERVER: Metric = Metric {
    unit: Unit::Requests,
    needs: "a scrape of a server whose gauges are known: vLLM, SGLang, TGI, llama.cpp, acidtest sim",
    source: "the server's own Prometheus metrics",
    ..OF_MACHINE
};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "cpu_util",
        title: "Share of the machine's cores in use",
        unit: Unit::Ratio,
        range: Some((0.0, 1.0)),
        formula: "busy core time since the reading before / (time x cores): of the whole machine (source=host), our own process (client), the server's processes with their children (server)",
        measure: Measure::Sensed(Sensed::Named(CPU)),
        ..OF_MACHINE
    },
    Metric {
        id: "mem",
        title: "Memory in use",
        unit: Unit::Bytes,
        formula: "source=host: total - available; client, server: resident pages, shared ones counted in each process",
        measure: Measure::Sensed(Sensed::Named(MEM)),
        ..OF_MACHINE
    },
    Metric {
        id: "net_rx",
        title: "Bytes received a second, loopback aside",
        formula: "bytes received by all interfaces but the loopback since the reading before / time",
        measure: Measure::Sensed(Sensed::Named(NET_RX)),
        ..OF_MACHINE
    },
    Metric {
        id: "net_tx",
        title: "Bytes sent a second, loopback aside",
        formula: "bytes sent by all interfaces but the loopback since the reading before / time",
        measure: Measure::Sensed(Sensed::Named(NET_TX)),
        ..OF_MACHINE
    },
    Metric {
        id: "net_loopback",
        title: "Bytes a second over the loopback",
        formula: "bytes sent over the loopback since the reading before / time",
        measure: Measure::Sensed(Sensed::Named(NET_LOOPBACK)),
        ..OF_MACHINE
    },
    Metric {
        id: "server_running",
        title: "Requests that the server says it works on",
        formula: "the server's gauge at each scrape, added up over its label sets",
        measure: Measure::Sensed(Sensed::Gauge(ServerGauge::Running)),
        ..OF_SERVER
    },
    Metric {
        id: "server_waiting",
        title: "Requests that the server says wait in its queue",
        formula: "the server's gauge at each scrape, added up over its label sets",
        measure: Measure::Sensed(Sensed::Gauge(ServerGauge::Waiting)),
        ..OF_SERVER
    },
    Metric {
        id: "server_cache_util",
        title: "Share of the server's cache for keys and values in use",
        unit: Unit::Ratio,
        range: Some((0.0, 1.0)),
        formula: "the server's gauge at each scrape, averaged over its label sets",
        measure: Measure::Sensed(Sensed::Gauge(ServerGauge::CacheUtil)),
        ..OF_SERVER
    },
];
