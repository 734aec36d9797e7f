//! Code points as small whole numbers, indices of a table.
//!
//! Main type: [`Symbols`]. It must not hold text beyond one pair.

use std::collections::HashMap;

/// Numbers the code points of one pair of strings, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    low: Vec<u32>,
    touched: Vec<u32>,
    high: HashMap<u32, u32>,
}

/// Code points below this are looked up in a table, the rest in a map.
const LOW: u32 = 0x3000;

impl Symbols {
    /// Numbers two strings together; returns how many symbols there are.
    pub(crate) fn number(&mut self, a: &str, b: &str, left: &mut Vec<u32>, right: &mut Vec<u32>) -> usize {
        self.touched.clear();
        self.high.clear();
        left.clear();
        right.clear();
        if a.is_ascii() && b.is_ascii() {
            left.extend(a.bytes().map(u32::from));
            right.extend(b.bytes().map(u32::from));
            return 128;
        }
        self.low.resize(LOW as usize, 0);
        let mut count = 0;
        for (text, out) in [(a, left), (b, right)] {
            for c in text.chars() {
                out.push(self.one(u32::from(c), &mut count));
            }
        }
        for c in &self.touched {
            self.low[*c as usize] = 0;
        }
        count as usize
    }

    fn one(&mut self, c: u32, count: &mut u32) -> u32 {
        if c >= LOW {
            return *self.high.entry(c).or_insert_with(|| {
                *count += 1;
                *count - 1
            });
        }
        let slot = &mut self.low[c as usize];
        if *slot == 0 {
            *count += 1;
            *slot = *count;
            self.touched.push(c);
        }
        *slot - 1
    }
}
