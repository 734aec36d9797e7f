//! Whether models can be put on one scale: the graph of "beat or tied".
//!
//! Main functions: [`components`] for people, [`Beats::is_strong`] for every resample. The
//! likelihood of a Bradley–Terry model has a maximum exactly when this graph is strongly connected
//! (Ford 1957): otherwise some group never lost to the rest, and its ratings run away to infinity.

use super::battle::Tally;

/// Models that beat each other round about, and how they stand to the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The models, in ascending order.
    pub models: Vec<u32>,
    /// Nobody outside beat or tied one of them.
    pub unbeaten: bool,
    /// None of them beat or tied anybody outside.
    pub winless: bool,
}

/// Edges from i to j where i beat or tied j, as bits.
pub(crate) struct Beats {
    nodes: usize,
    words: usize,
    out: Vec<u64>,
    back: Vec<u64>,
}

impl Beats {
    pub(crate) fn new(nodes: usize) -> Beats {
        let words = nodes.div_ceil(64);
        Beats { nodes, words, out: vec![0; nodes * words], back: vec![0; nodes * words] }
    }

    pub(crate) fn clear(&mut self) {
        self.out.fill(0);
        self.back.fill(0);
    }

    pub(crate) fn add(&mut self, from: usize, to: usize) {
        self.out[from * self.words + to / 64] |= 1 << (to % 64);
        self.back[to * self.words + from / 64] |= 1 << (from % 64);
    }

    fn of(tally: &Tally) -> Beats {
        let n = tally.models();
        let mut beats = Beats::new(n);
        for i in 0..n {
            for j in 0..n {
                if i != j && tally.wins(i, j) + tally.ties(i, j) > 0 {
                    beats.add(i, j);
                }
            }
        }
        beats
    }

    /// Whether everybody reaches everybody.
    pub(crate) fn is_strong(&self) -> bool {
        self.reaches_all(&self.out) && self.reaches_all(&self.back)
    }

    fn reaches_all(&self, edges: &[u64]) -> bool {
        if self.nodes == 0 {
            return true;
        }
        let mut seen = vec![0u64; self.words];
        let mut next = vec![0usize];
        seen[0] = 1;
        let mut count = 1;
        while let Some(node) = next.pop() {
            for word in 0..self.words {
                let mut fresh = edges[node * self.words + word] & !seen[word];
                seen[word] |= fresh;
                while fresh != 0 {
                    next.push(word * 64 + fresh.trailing_zeros() as usize);
                    count += 1;
                    fresh &= fresh - 1;
                }
            }
        }
        count == self.nodes
    }

    /// The first neighbour of a node at or after a place.
    fn neighbour(&self, node: usize, from: usize) -> Option<usize> {
        (from / 64..self.words).find_map(|word| {
            let mut bits = self.out[node * self.words + word];
            if word == from / 64 {
                bits &= u64::MAX << (from % 64);
            }
            (bits != 0).then(|| word * 64 + bits.trailing_zeros() as usize)
        })
    }

    fn has(&self, from: usize, to: usize) -> bool {
        self.out[from * self.words + to / 64] >> (to % 64) & 1 == 1
    }
}

/// The strongly connected components (Tarjan 1972), by their first model. One component: every
/// model can be rated.
pub fn components(tally: &Tally) -> Vec<Component> {
    let beats = Beats::of(tally);
    let mut groups = Tarjan::run(&beats);
    groups.iter_mut().for_each(|g| g.sort_unstable());
    groups.sort_unstable();
    let mut group_of = vec![0; beats.nodes];
    for (g, models) in groups.iter().enumerate() {
        models.iter().for_each(|m| group_of[*m as usize] = g);
    }
    let (mut beaten, mut winning) = (vec![false; groups.len()], vec![false; groups.len()]);
    for i in 0..beats.nodes {
        for j in 0..beats.nodes {
            if group_of[i] != group_of[j] && beats.has(i, j) {
                winning[group_of[i]] = true;
                beaten[group_of[j]] = true;
            }
        }
    }
    let made = groups.into_iter().enumerate();
    made.map(|(g, models)| Component { models, unbeaten: !beaten[g], winless: !winning[g] }).collect()
}

const UNSEEN: u32 = u32::MAX;

/// Tarjan's algorithm with a stack of its own: a chain of 2000 models must not recurse.
struct Tarjan {
    index: Vec<u32>,
    low: Vec<u32>,
    on_stack: Vec<bool>,
    stack: Vec<u32>,
    next: u32,
    groups: Vec<Vec<u32>>,
}

impl Tarjan {
    fn run(beats: &Beats) -> Vec<Vec<u32>> {
        let n = beats.nodes;
        let mut t = Tarjan {
            index: vec![UNSEEN; n],
            low: vec![0; n],
            on_stack: vec![false; n],
            stack: Vec::new(),
            next: 0,
            groups: Vec::new(),
        };
        for root in 0..n {
            if t.index[root] == UNSEEN {
                t.from(beats, root);
            }
        }
        t.groups
    }

    fn from(&mut self, beats: &Beats, root: usize) {
        let mut path = vec![(root, 0usize)];
        self.enter(root);
        while let Some((node, place)) = path.last_mut() {
            let node = *node;
            match beats.neighbour(node, *place).filter(|_| *place < beats.nodes) {
                Some(other) => {
                    *place = other + 1;
                    if self.index[other] == UNSEEN {
                        self.enter(other);
                        path.push((other, 0));
                    } else if self.on_stack[other] {
                        self.low[node] = self.low[node].min(self.index[other]);
                    }
                }
                None => {
                    path.pop();
                    if let Some((parent, _)) = path.last() {
                        self.low[*parent] = self.low[*parent].min(self.low[node]);
                    }
                    if self.low[node] == self.index[node] {
                        self.close(node);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        (self.index[node], self.low[node]) = (self.next, self.next);
        self.next += 1;
        self.stack.push(node as u32);
        self.on_stack[node] = true;
    }

    fn close(&mut self, node: usize) {
        let mut group = Vec::new();
        while let Some(member) = self.stack.pop() {
            self.on_stack[member as usize] = false;
            group.push(member);
            if member as usize == node {
                break;
            }
        }
        self.groups.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::{Battle, Outcome};

    fn check(models: usize, won: &[(u32, u32)], expect: &[(&[u32], bool, bool)]) {
        let battles: Vec<Battle> =
            won.iter().map(|(a, b)| Battle { a: *a, b: *b, outcome: Outcome::A }).collect();
        let tally = Tally::of(models, &battles).unwrap();
        let found = components(&tally);
        let got: Vec<_> = found.iter().map(|c| (&c.models[..], c.unbeaten, c.winless)).collect();
        assert_eq!(got, expect);
        assert_eq!(Beats::of(&tally).is_strong(), expect.len() == 1);
    }

    #[test]
    fn who_is_unbeaten_and_who_never_won() {
        check(3, &[(0, 1), (1, 2), (2, 0)], &[(&[0, 1, 2], true, true)]);
        check(3, &[(0, 1), (1, 2)], &[(&[0], true, false), (&[1], false, false), (&[2], false, true)]);
        check(4, &[(0, 1), (1, 0), (2, 3), (3, 2)], &[(&[0, 1], true, true), (&[2, 3], true, true)]);
        check(2, &[], &[(&[0], true, true), (&[1], true, true)]);
    }

    #[test]
    fn a_long_chain_does_not_recurse() {
        let won: Vec<(u32, u32)> = (0..1999).map(|i| (i, i + 1)).collect();
        let battles: Vec<Battle> =
            won.iter().map(|(a, b)| Battle { a: *a, b: *b, outcome: Outcome::A }).collect();
        assert_eq!(components(&Tally::of(2000, &battles).unwrap()).len(), 2000);
    }
}
