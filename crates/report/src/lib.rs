//! Findings to terminal, JSON, JUnit, Markdown, GitHub annotations and CSV.
//!
//! ```text
//!  Findings ─► terminal()   tables for people        number.rs  digits that fit the interval, units always
//!           ─► json()       flat, published schema   grid.rs    columns by display width, control characters escaped
//!  Card     ─► card()       the speed card of one request
//!  Calibration ─► calibration()   reported − true
//!  Comparison ─► comparison(), comparison_json(), comparison_junit(), comparison_markdown()   two runs side by side
//!           ─► junit() markdown() github() csv() csv_cases()   for continuous integration and spreadsheets
//!  RankReport ─► rank() rank_json() rank_csv() rank_markdown()   a ranking from battles
//!  Glance   ─► the few numbers of a run for the page's list of runs
//!  Findings + Curves + PlanInfo ─► RunPage   all that the page of a run shows
//!  RunPage + requests ─► html()   the page as one file
//!  RunLine  ─► runs()       the list of stored runs
//!  Metric   ─► metrics()    the reference of metrics
//!  Lang     ─► words/       English as written, Korean from one table
//! ```
//!
//! Draws what the findings hold and computes nothing; never touches a terminal,
//! file or environment.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod answers;
mod calibration;
mod capacity;
mod card;
mod compare;
mod compare_junit;
mod compare_markdown;
mod compare_page;
mod csv;
mod differences;
mod failing;
mod github;
mod glance;
mod grid;
mod html;
mod json;
mod junit;
mod leaderboard;
mod listing;
mod markdown;
mod number;
mod page;
mod plan;
mod power;
mod rank;
mod rank_settings;
mod rank_tables;
mod rank_terminal;
mod scored;
mod sections;
mod server;
mod stated;
mod surroundings;
mod terminal;
mod timeline;
mod words;

pub use calibration::calibration;
pub use card::{card, card_json};
pub use compare::{COMPARE_SCHEMA, comparison, comparison_json, comparison_schema};
pub use compare_junit::{UndecidedGate, comparison_junit};
pub use compare_markdown::comparison_markdown;
pub use compare_page::ComparePage;
pub use csv::{csv, csv_cases};
pub use github::{Place, github};
pub use glance::{GateCounts, Glance, GlancePlace, glance};
pub use grid::{Style, clean};
pub use html::{Inlined, MOST_BYTES, MOST_CASES, MOST_OF_CASE, PAGE, html, page_policy};
pub use json::{SCHEMA, json, schema};
pub use junit::junit;
pub use leaderboard::{BattleRun, BattleSource, Leaderboard, leaderboard};
pub use listing::{RunLine, file_metric, file_metrics, file_metrics_json, metrics, metrics_json, runs};
pub use markdown::markdown;
pub use page::{MetricInfo, RunPage, korean_of, metric_infos};
pub use plan::plan;
pub use rank::{RANK_SCHEMA, RankAbout, RankReport, rank_json, rank_report, rank_schema};
pub use rank_settings::{RankMethod, RankSettings, Ranked};
pub use rank_tables::{rank_csv, rank_csv_pairs, rank_markdown};
pub use rank_terminal::rank;
pub use scored::{SCORE_SCHEMA, score, score_csv, score_json, score_markdown, score_schema};
pub use terminal::terminal;
pub use timeline::slices;
pub use words::{Lang, LangUnknown};
