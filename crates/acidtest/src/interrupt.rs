//! Ctrl-C: the first one ends the run in order, the second one at once.

use acidtest_engine::{Control, StopReason};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

static HELD: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C stops this run.
pub(crate) fn stops(control: &Arc<Control>) {
    let control = control.clone();
    let handler = move || {
        if HELD.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(crate::exit::Exit::Interrupted.code()));
        }
        let words = "stopping: waiting for the answers in flight; Ctrl-C again ends at once";
        eprintln!("\n{}", crate::lang::lang().say(words));
        control.stop(StopReason::Interrupted);
    };
    // Only one handler can be set in a process; a second run of one process keeps the first.
    let _ = ctrlc::set_handler(handler);
}
