//! The floor: what a streaming client cannot do without, and nothing else.
//!
//! Main function: [`client`], once a thread: epoll, one `recvmsg` with a kernel stamp a read, a
//! scan for the ends of events and answers. No JSON, no HTTP library, no store. The proof of
//! CPU (`cargo xtask prove cpu`) sets acidtest beside it. It must not be used on servers that
//! are not `acidtest sim`: it believes what it reads.
//!
//! `floor ADDRESS:PORT CONCURRENCY REQUESTS TOKENS [THREADS]`

#![allow(clippy::print_stdout, reason = "its result is for the proof that started it")]

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("error: the floor needs epoll, which this system has not");
    std::process::exit(2);
}

#[cfg(target_os = "linux")]
fn main() {
    if let Err(why) = linux::run() {
        eprintln!("error: {why}");
        std::process::exit(2);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use acidtest_clock::Stamps;
    use rustix::buffer::spare_capacity;
    use rustix::event::epoll;
    use std::io::{self, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};
    use tokio::io::ReadBuf;

    /// As much as acidtest's own reads have room for at first.
    const ROOM: usize = 8 << 10;
    const SILENT: Duration = Duration::from_secs(30);
    const END: &[u8] = b"\r\n0\r\n\r\n";

    struct Asked {
        address: SocketAddr,
        concurrency: u64,
        requests: u64,
        tokens: u64,
        threads: u64,
    }

    /// What one thread saw.
    #[derive(Default)]
    struct Seen {
        answers: u64,
        events: u64,
        reads: u64,
        stamped: u64,
    }

    pub(super) fn run() -> Result<(), String> {
        let asked = asked()?;
        Stamps::start();
        let next = AtomicU64::new(0);
        let began = Instant::now();
        let seen: Vec<io::Result<Seen>> = std::thread::scope(|scope| {
            let one = |no| {
                let (asked, next) = (&asked, &next);
                scope.spawn(move || client(asked, no, next))
            };
            let threads: Vec<_> = (0..asked.threads).map(one).collect();
            threads
                .into_iter()
                .map(|t| t.join().unwrap_or_else(|_| Err(io::Error::other("panicked"))))
                .collect()
        });
        let wall_s = began.elapsed().as_secs_f64();
        let mut all = Seen::default();
        for seen in seen {
            let seen = seen.map_err(|e| format!("{}: {e}", asked.address))?;
            all.answers += seen.answers;
            all.events += seen.events;
            all.reads += seen.reads;
            all.stamped += seen.stamped;
        }
        let Seen { answers, events, reads, stamped } = all;
        println!(
            "{{\"requests\":{answers},\"events\":{events},\"reads\":{reads},\"stamped\":{stamped},\"wall_s\":{wall_s:.6}}}"
        );
        Ok(())
    }

    fn asked() -> Result<Asked, String> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let usage = || "expected ADDRESS:PORT CONCURRENCY REQUESTS TOKENS [THREADS]".to_owned();
        let number = |i: usize| words.get(i).and_then(|w| w.parse::<u64>().ok()).filter(|n| *n > 0);
        let address = words.first().and_then(|w| w.parse().ok()).ok_or_else(usage)?;
        Ok(Asked {
            address,
            concurrency: number(1).ok_or_else(usage)?,
            requests: number(2).ok_or_else(usage)?,
            tokens: number(3).ok_or_else(usage)?,
            threads: if words.len() > 4 { number(4).ok_or_else(usage)? } else { 1 },
        })
    }

    /// One stream: its socket and the last bytes of the answer so far.
    struct Stream {
        socket: TcpStream,
        tail: Vec<u8>,
        busy: bool,
    }

    fn client(asked: &Asked, no: u64, next: &AtomicU64) -> io::Result<Seen> {
        let stamps = Stamps::of_process();
        let request = request(asked);
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut streams = Vec::new();
        for _ in (no..asked.concurrency).step_by(asked.threads as usize) {
            let socket = TcpStream::connect(asked.address)?;
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            stamps.enable(&socket);
            let data = epoll::EventData::new_u64(streams.len() as u64);
            epoll::add(&poll, &socket, data, epoll::EventFlags::IN)?;
            streams.push(Stream { socket, tail: Vec::with_capacity(2 * END.len()), busy: false });
        }
        let mut open = 0;
        for stream in &mut streams {
            open += u64::from(stream.ask(&request, asked, next)?);
        }
        let mut seen = Seen::default();
        let mut room = vec![0u8; ROOM];
        let mut events = Vec::with_capacity(1024);
        let patience = rustix::event::Timespec { tv_sec: SILENT.as_secs().cast_signed(), tv_nsec: 0 };
        while open > 0 {
            events.clear();
            if epoll::wait(&poll, spare_capacity(&mut events), Some(&patience))? == 0 {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no event for 30 s"));
            }
            for event in &events {
                let stream = &mut streams[event.data.u64() as usize];
                if stream.read(stamps, &mut room, &mut seen)? {
                    open -= 1;
                    open += u64::from(stream.ask(&request, asked, next)?);
                }
            }
        }
        Ok(seen)
    }

    impl Stream {
        /// Sends the next request, if one is left.
        fn ask(&mut self, request: &[u8], asked: &Asked, next: &AtomicU64) -> io::Result<bool> {
            self.busy = next.fetch_add(1, Ordering::Relaxed) < asked.requests;
            self.tail.clear();
            if self.busy {
                (&self.socket).write_all(request)?;
            }
            Ok(self.busy)
        }

        /// Reads once; says whether the answer is complete.
        fn read(&mut self, stamps: &Stamps, room: &mut [u8], seen: &mut Seen) -> io::Result<bool> {
            let mut buf = ReadBuf::new(room);
            let got = match stamps.receive(&self.socket, &mut buf) {
                Ok(got) if got.bytes == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            };
            let bytes = buf.filled();
            seen.stamped += u64::from(got.stamp.is_some());
            let ends = bytes.windows(2).filter(|w| w == b"\n\n").count() as u64;
            if ends > 0 {
                seen.events += ends;
                seen.reads += 1;
            }
            // An end may come in two reads.
            self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(END.len())..]);
            let cut = self.tail.len().saturating_sub(END.len());
            self.tail.drain(..cut);
            let is_over = self.busy && self.tail.ends_with(END);
            seen.answers += u64::from(is_over);
            Ok(is_over)
        }
    }

    /// What acidtest asks, byte for byte as far as it matters.
    fn request(asked: &Asked) -> Vec<u8> {
        let body = format!(
            "{{\"model\":\"sim\",\"messages\":[{{\"role\":\"user\",\"content\":\"Tell a visitor about a moon jar in a few sentences.\"}}],\"max_tokens\":{},\"stream\":true,\"stream_options\":{{\"include_usage\":true}}}}",
            asked.tokens
        );
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            asked.address,
            body.len()
        );
        (head + &body).into_bytes()
    }
}
