//! From time stamps to speeds. Times are nanoseconds of one clock, as `i64`.
//!
//! ```text
//!   one record      gaps, gap_bounds, max_stall, tpot, SpeedCard
//!   many records    steady_window -> Window -> concurrency, tokens_in, per_second
//! ```
//!
//! Which event counts as content, and which stamp is the right one, is decided by the caller.

mod card;
mod stream;
mod window;

pub use card::{Leg, SpeedCard, cut_seconds};
pub use stream::{GapBounds, Tokens, gap_bounds, gaps, max_stall, tpot};
pub use window::{Span, Window, concurrency, per_second, steady_window, tokens_in};
