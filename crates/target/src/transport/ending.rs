//! Where a read ends: after something whole, or within something that is still to come.
//!
//! Main functions: [`Records`] for TLS, [`is_open_chunk`] for chunked HTTP. The last event of a
//! read has an exact stamp only when nothing followed it in that read, and the beginning of the
//! next record or chunk is something. Must not keep bytes or decide anything else.

/// Bytes of a TLS record's head.
const HEAD: usize = 5;

/// Follows the records of TLS over the reads of a connection.
#[derive(Debug, Default)]
pub(crate) struct Records {
    head: [u8; HEAD],
    /// Bytes of the head that came.
    known: usize,
    /// Bytes of the record that are still to come, after its head.
    left: usize,
}

impl Records {
    /// Goes over the bytes of a read; says whether it ended within a record.
    pub(crate) fn is_open_after(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.known < HEAD {
                let take = bytes.len().min(HEAD - self.known);
                self.head[self.known..self.known + take].copy_from_slice(&bytes[..take]);
                self.known += take;
                bytes = &bytes[take..];
                if self.known == HEAD {
                    self.left = usize::from(u16::from_be_bytes([self.head[3], self.head[4]]));
                }
            } else {
                let take = bytes.len().min(self.left);
                self.left -= take;
                bytes = &bytes[take..];
            }
            if self.known == HEAD && self.left == 0 {
                self.known = 0;
            }
        }
        self.known > 0
    }
}

/// Whether plain bytes of HTTP end with the size of a chunk whose content is still to come, or
/// with the last chunk, which may have come later than the event before it.
pub(crate) fn is_open_chunk(bytes: &[u8]) -> bool {
    let Some(line) = bytes.strip_suffix(b"\r\n") else {
        return false;
    };
    let line = line.strip_suffix(b"\r\n").filter(|rest| rest.ends_with(b"\r\n0")).unwrap_or(line);
    let from = line.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let after_line_end = from >= 2 && line[from - 2] == b'\r';
    let size = &line[from..];
    let digits = size.split(|b| *b == b';').next().unwrap_or_default().trim_ascii_end();
    after_line_end && (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(len: usize) -> Vec<u8> {
        let mut bytes = vec![23, 3, 3];
        bytes.extend((len as u16).to_be_bytes());
        bytes.extend(vec![0xAA; len]);
        bytes
    }

    proptest! {
        #[test]
        fn records_end_where_they_end_wherever_they_are_cut(
            lens in prop::collection::vec(0usize..300, 1..8),
            cuts in prop::collection::vec(0usize..2000, 0..10),
        ) {
            let whole: Vec<Vec<u8>> = lens.iter().map(|l| record(*l)).collect();
            let ends: Vec<usize> = whole.iter().scan(0, |at, r| { *at += r.len(); Some(*at) }).collect();
            let bytes = whole.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c % bytes.len()).filter(|c| *c > 0).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            cuts.dedup();
            let (mut records, mut at) = (Records::default(), 0);
            for cut in cuts {
                prop_assert_eq!(records.is_open_after(&bytes[at..cut]), !ends.contains(&cut));
                at = cut;
            }
        }
    }

    #[test]
    fn a_chunk_that_began_is_told_from_one_that_ended() {
        let open = |text: &str| is_open_chunk(text.as_bytes());
        assert!(!open("2f\r\ndata: {\"a\":1}\n\n\r\n"), "an event and the end of its chunk");
        assert!(!open("data: {\"a\":1}\n\n"), "no chunks");
        assert!(!open("data: {\"a\":1}\r\n\r\n"), "line ends of the event itself");
        assert!(!open("data: abc\r\n\r\n\r\n"), "and of the chunk");
        assert!(open("data: {\"a\":1}\n\n\r\n2f\r\n"), "the next chunk's size came along");
        assert!(open("data: {\"a\":1}\n\n\r\n2F;x=1\r\n"));
        assert!(open("data: {\"a\":1}\n\n\r\n0\r\n\r\n"), "the last chunk may have come later");
        assert!(!open("") && !open("\r\n") && !open("2f\r\n"), "nothing of a body before it");
    }
}
