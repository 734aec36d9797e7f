//! Fills segments from body frames and hands them to the tap.
//!
//! Main type: [`Fill`]. Must not hold more than one segment.

use crate::seam::{Piece, Segment, Tap};
use crate::transport::socket::Latest;
use crate::transport::trace::Trace;
use acidtest_record::Ns;
use bytes::BytesMut;
use std::rc::Rc;

/// Largest segment in bytes.
const MAX_SEGMENT: usize = 64 << 10;
/// Most reads or pieces in a segment.
const MAX_ENTRIES: usize = 4096;
/// Longest time that a byte waits for its segment to fill.
pub(crate) const MAX_WAIT: Ns = Ns::from_millis(100);

/// The segment being filled. What is left is handed over when it is dropped, so
/// that a cancelled attempt loses nothing.
pub(crate) struct Fill<'a> {
    tap: &'a mut dyn Tap,
    trace: Rc<dyn Trace>,
    bytes: BytesMut,
    pieces: Vec<Piece>,
    since: Option<Ns>,
}

impl<'a> Fill<'a> {
    pub(crate) fn new(tap: &'a mut dyn Tap, trace: Rc<dyn Trace>) -> Self {
        Self { tap, trace, bytes: BytesMut::new(), pieces: Vec::new(), since: None }
    }

    /// Adds body bytes that became available with this read.
    pub(crate) fn push(&mut self, mut bytes: &[u8], latest: Latest) {
        let Latest { read, at, open } = latest;
        while !bytes.is_empty() {
            self.since.get_or_insert(at);
            let take = bytes.len().min(MAX_SEGMENT - self.bytes.len());
            self.bytes.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            let len = u32::try_from(take).expect("a segment is shorter than 4 GiB");
            match self.pieces.last_mut() {
                Some(last) if last.read == read => {
                    last.len += len;
                    last.open = open;
                }
                _ => self.pieces.push(Piece { len, read, open }),
            }
            if self.bytes.len() == MAX_SEGMENT {
                self.hand_over();
            }
        }
        if self.pieces.len() >= MAX_ENTRIES || self.trace.waiting() >= MAX_ENTRIES {
            self.hand_over();
        }
        self.hand_over_if_due(at);
    }

    /// When the segment has to leave at the latest.
    pub(crate) fn due(&self) -> Option<Ns> {
        self.since.map(|s| s + MAX_WAIT)
    }

    pub(crate) fn hand_over_if_due(&mut self, now: Ns) {
        if self.due().is_some_and(|due| now >= due) {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let reads = self.trace.take_reads();
        if self.bytes.is_empty() && reads.is_empty() {
            return;
        }
        self.since = None;
        self.tap.segment(Segment {
            bytes: self.bytes.split().freeze(),
            pieces: std::mem::take(&mut self.pieces),
            reads,
        });
    }
}

impl Drop for Fill<'_> {
    fn drop(&mut self) {
        self.hand_over();
    }
}
