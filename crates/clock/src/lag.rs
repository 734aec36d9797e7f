//! How late a thread's runtime wakes up.
//!
//! Main type: [`LagMonitor`]. It sleeps on the thread's own clock and notes by how
//! much it overslept: lateness of our own that no request may be blamed for.

use crate::pacer::Clock;

/// Samples the wake-up lateness of one thread.
#[derive(Debug, Clone, Copy)]
pub struct LagMonitor {
    /// Nanoseconds between samples.
    pub every_ns: i64,
}

impl Default for LagMonitor {
    fn default() -> Self {
        Self { every_ns: 20_000_000 }
    }
}

impl LagMonitor {
    /// Samples until dropped: calls `note(now, lateness)`, both in nanoseconds.
    pub async fn watch<C: Clock>(self, clock: C, mut note: impl FnMut(i64, i64)) {
        let mut due = clock.now() + self.every_ns;
        loop {
            clock.sleep_until(due).await;
            let now = clock.now();
            note(now, (now - due).max(0));
            due = now + self.every_ns;
        }
    }
}
