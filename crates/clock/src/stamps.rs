//! Receive stamps: when bytes reached this machine, not when the program got to them.
//!
//! Main type: [`Stamps`], one for the process. [`Stamps::start`] switches the kernel's stamping
//! on and keeps it on: it is a deferred job in the kernel, and without a socket that holds it the
//! first reads of a run would come without. Where the kernel gives none, everything works and
//! times are the program's.

use crate::zero::Zero;
use std::io;
use std::sync::OnceLock;
use tokio::io::ReadBuf;

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes at the front of the room.
    pub bytes: usize,
    /// When the last segment among them arrived, in Unix nanoseconds; see [`Stamps::at`].
    pub stamp: Option<i64>,
}

/// The kernel's receive stamps, or the reason why there are none.
pub struct Stamps {
    #[cfg(target_os = "linux")]
    linux: Result<linux::Held, String>,
}

static PROCESS: OnceLock<Stamps> = OnceLock::new();
static WITHOUT: Stamps = Stamps {
    #[cfg(target_os = "linux")]
    linux: Err(String::new()),
};

impl Stamps {
    /// Switches stamping on for this process, once; later calls give what the first one found.
    pub fn start() -> &'static Stamps {
        PROCESS.get_or_init(Self::probe)
    }

    /// Decides that this process stamps by its own clock, unless it was started before.
    pub fn refuse(why: &str) -> &'static Stamps {
        PROCESS.get_or_init(|| Self::without(why))
    }

    /// What was started, else nothing: sockets that are opened before have program times.
    #[must_use]
    pub fn of_process() -> &'static Stamps {
        PROCESS.get().unwrap_or(&WITHOUT)
    }

    /// Why there are no kernel stamps; absent when there are.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        #[cfg(target_os = "linux")]
        return self.linux.as_ref().err().map(String::as_str);
        #[cfg(not(target_os = "linux"))]
        return Some("this system offers none");
    }

    /// Nanoseconds after the zero of a stamp. The time may have been set meanwhile: a caller that
    /// knows bounds and finds the result outside of them calls [`Stamps::look_again`] once.
    #[must_use]
    pub fn at(&self, zero: &Zero, stamp: i64) -> Option<i64> {
        #[cfg(target_os = "linux")]
        return self.linux.as_ref().ok().map(|l| l.offset.monotonic(stamp) - zero.monotonic_ns());
        #[cfg(not(target_os = "linux"))]
        return None.filter(|_: &i64| stamp == zero.unix_ns());
    }

    /// How far [`Stamps::at`] may be off by the difference of the two clocks, in nanoseconds.
    #[must_use]
    pub fn error_ns(&self) -> i64 {
        #[cfg(target_os = "linux")]
        return self.linux.as_ref().map_or(0, |l| l.offset.error_ns());
        #[cfg(not(target_os = "linux"))]
        return 0;
    }

    /// How often the system's time was set since the start.
    #[must_use]
    pub fn steps(&self) -> u64 {
        #[cfg(target_os = "linux")]
        return self.linux.as_ref().map_or(0, |l| l.offset.steps());
        #[cfg(not(target_os = "linux"))]
        return 0;
    }

    /// Compares the two clocks anew.
    pub fn look_again(&self) {
        #[cfg(target_os = "linux")]
        if let Ok(held) = &self.linux {
            held.offset.look_again();
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Stamps {
    fn probe() -> Self {
        Self {}
    }

    fn without(_: &str) -> Self {
        Self {}
    }
}

#[cfg(target_os = "linux")]
impl Stamps {
    fn probe() -> Self {
        Self { linux: linux::Held::new() }
    }

    fn without(why: &str) -> Self {
        Self { linux: Err(why.to_owned()) }
    }

    /// Asks for stamps on a socket; says whether they will come.
    pub fn enable(&self, socket: impl std::os::fd::AsFd) -> bool {
        self.linux.is_ok() && crate::kernel::enable(socket.as_fd()).is_ok()
    }

    /// How many segments came out of order so far on a TCP connection. Where one did, the stamp of
    /// a read can be that of a later segment that waited for it, and is no bound of anything.
    pub fn out_of_order(&self, socket: impl std::os::fd::AsFd) -> Option<u32> {
        crate::kernel::out_of_order(socket.as_fd())
    }

    /// Reads from a socket that does not block.
    ///
    /// # Errors
    /// What the kernel says, `WouldBlock` among it.
    pub fn receive(&self, socket: impl std::os::fd::AsFd, buf: &mut ReadBuf<'_>) -> io::Result<Received> {
        crate::kernel::fill(socket.as_fd(), buf).map(|(bytes, stamp)| Received { bytes, stamp })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::kernel;
    use crate::realtime::Offset;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::time::{Duration, Instant};
    use tokio::io::ReadBuf;

    /// How long the kernel may take to switch stamping on.
    const PATIENCE: Duration = Duration::from_millis(500);

    /// Stamping, held on by a socket that nobody sends to any more.
    pub(super) struct Held {
        pub(super) offset: Arc<Offset>,
        _holder: UdpSocket,
    }

    impl Held {
        pub(super) fn new() -> Result<Self, String> {
            let holder = self_test()?;
            let offset = Arc::new(Offset::new());
            let watched = offset.clone();
            std::thread::Builder::new()
                .name("clock-watch".into())
                .stack_size(64 << 10)
                .spawn(move || watched.watch())
                .map_err(|e| format!("no thread to watch the clocks: {e}"))?;
            Ok(Self { offset, _holder: holder })
        }
    }

    /// Sends to itself until a datagram comes back with a stamp.
    fn self_test() -> Result<UdpSocket, String> {
        let fail = |what: &str, e: std::io::Error| format!("{what}: {e}");
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(|e| fail("no socket on the loopback", e))?;
        let own = socket.local_addr().map_err(|e| fail("no address", e))?;
        kernel::enable(socket.as_fd()).map_err(|e| fail("SO_TIMESTAMPING is refused", e))?;
        socket.set_nonblocking(true).map_err(|e| fail("cannot set the socket", e))?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            socket.send_to(b"?", own).map_err(|e| fail("cannot send to itself", e))?;
            let mut room = [0u8; 16];
            if let Ok((_, Some(_))) = kernel::fill(socket.as_fd(), &mut ReadBuf::new(&mut room)) {
                return Ok(socket);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Err("the kernel gives no receive stamps".into())
    }
}
