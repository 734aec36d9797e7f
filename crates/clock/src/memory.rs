//! Giving memory that is free back to the system.
//!
//! Main function: [`give_back`]. glibc keeps what was freed for the next time; std and rustix offer
//! no way to ask for it, which is why this file asks libc.

#![allow(unsafe_code)]

/// Returns free memory of this process to the system, where its allocator keeps it. Takes a few
/// milliseconds: for programs that go on after something large.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes no pointer and may be made at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
