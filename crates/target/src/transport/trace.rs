//! What one attempt may know of the connection below it, whatever HTTP is spoken there.
//!
//! Main type: the [`Trace`] trait: a whole connection's log under HTTP/1.1, one
//! stream's share of it under HTTP/2. Must not look into bodies.

use crate::transport::socket::{Latest, Log};
use acidtest_record::{Ns, Read};

/// Reads and writes of the current attempt.
pub(crate) trait Trace {
    /// Just before the first write of the request.
    fn first_write(&self) -> Option<Ns>;

    /// When the last byte of the request was handed over, once it was.
    fn request_end(&self) -> Option<Ns>;

    /// Whether any byte of the answer came.
    fn began_to_answer(&self) -> bool;

    /// When the bytes that came last were read, asked right after the head was complete.
    fn head_end(&self) -> Ns;

    /// Takes the next body bytes, `most` of them waiting: how many came with one
    /// read, and which read that was.
    fn took(&self, most: usize) -> (usize, Latest);

    /// When the read was done that ended the body, asked right after its end.
    fn body_end(&self) -> Ns;

    /// When the connection ended, where that ends the body.
    fn eof(&self) -> Option<Ns>;

    /// Takes the reads since the last call.
    fn take_reads(&self) -> Vec<Read>;

    /// How many reads wait to be taken.
    fn waiting(&self) -> usize;

    /// How many reads there were.
    fn count(&self) -> u32;
}

impl Trace for Log {
    fn first_write(&self) -> Option<Ns> {
        Log::first_write(self)
    }

    fn request_end(&self) -> Option<Ns> {
        Log::request_end(self)
    }

    fn began_to_answer(&self) -> bool {
        Log::began_to_answer(self)
    }

    fn head_end(&self) -> Ns {
        self.latest().at
    }

    fn took(&self, most: usize) -> (usize, Latest) {
        (most, self.latest())
    }

    fn body_end(&self) -> Ns {
        self.latest().at
    }

    fn eof(&self) -> Option<Ns> {
        Log::eof(self)
    }

    fn take_reads(&self) -> Vec<Read> {
        self.take()
    }

    fn waiting(&self) -> usize {
        Log::waiting(self)
    }

    fn count(&self) -> u32 {
        Log::count(self)
    }
}
