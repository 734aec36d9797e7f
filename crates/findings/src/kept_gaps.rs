//! Gaps between content events as they are kept: 16 bytes each.
//!
//! Main types: [`Gap`], [`KeptGaps`]. Exact: what does not fit into the small form stands beside it.

/// A gap between two consecutive content events of a record, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) row: u32,
    /// The part of its lane in which it ended; absent where it ended outside.
    pub(crate) part: Option<u32>,
    pub(crate) least: i64,
    pub(crate) most: i64,
}

/// A gap of less than 4.29 s; of a longer one `most` is [`LONG`] and `width` its place among them.
#[derive(Debug, Clone, Copy)]
struct Small {
    row: u32,
    part: u32,
    most: u32,
    width: u32,
}

const LONG: u32 = u32::MAX;
const NO_PART: u32 = u32::MAX;

/// Gaps of many records.
#[derive(Debug, Default)]
pub(crate) struct KeptGaps {
    all: Vec<Small>,
    /// Least and most of the long ones.
    long: Vec<(i64, i64)>,
}

impl KeptGaps {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Adds a gap.
    pub(crate) fn push(&mut self, gap: Gap) {
        let part = gap.part.unwrap_or(NO_PART);
        let most = u32::try_from(gap.most).ok().filter(|most| *most != LONG);
        let width = gap.most.checked_sub(gap.least).and_then(|w| u32::try_from(w).ok());
        let (most, width) = most.zip(width).unwrap_or_else(|| {
            self.long.push((gap.least, gap.most));
            (LONG, (self.long.len() - 1) as u32)
        });
        self.all.push(Small { row: gap.row, part, most, width });
    }

    /// Leaves only those of some records.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(u32) -> bool) {
        let (before, mut long) = (std::mem::take(&mut self.long), Vec::new());
        self.all.retain_mut(|small| {
            let keep = is_kept(small.row);
            if keep && small.most == LONG {
                long.push(before[small.width as usize]);
                small.width = (long.len() - 1) as u32;
            }
            keep
        });
        self.long = long;
    }

    /// Gives back room that is not needed.
    pub(crate) fn shrink(&mut self) {
        self.all.shrink_to_fit();
    }

    /// All of them, in the order they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Gap> + Clone + '_ {
        self.all.iter().map(|small| {
            let most = i64::from(small.most);
            let (least, most) = match small.most {
                LONG => self.long[small.width as usize],
                _ => (most - i64::from(small.width), most),
            };
            Gap { row: small.row, part: (small.part != NO_PART).then_some(small.part), least, most }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_is_given_back_as_it_came() {
        let limits = [0, 1, 5_000_000, (1 << 32) - 2, (1 << 32) - 1, 1 << 32, i64::MAX];
        let mut gaps = Vec::new();
        for (row, most) in (0u32..).zip(limits) {
            for least in [most, 0, most / 2, -7, i64::MIN] {
                gaps.push(Gap { row, part: (row != 2).then_some(row), least, most });
            }
        }
        let mut kept = KeptGaps::default();
        gaps.iter().for_each(|g| kept.push(*g));
        assert_eq!(kept.iter().collect::<Vec<_>>(), gaps);
        kept.retain(|row| row % 2 == 1);
        gaps.retain(|g| g.row % 2 == 1);
        assert_eq!((kept.iter().collect::<Vec<_>>(), kept.len()), (gaps.clone(), gaps.len()));
    }
}
