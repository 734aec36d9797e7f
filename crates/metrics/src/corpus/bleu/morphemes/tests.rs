//! A small dictionary, compiled here into MeCab's form, and files that are none.

use super::*;
use crate::corpus::bleu::Tokenizer;

/// Left and right context, part of speech, cost.
type Row = (&'static str, [i16; 4]);

const UNKNOWN: [Row; 4] = [
    ("DEFAULT", [0, 0, 9, 3000]),
    ("SPACE", [0, 0, 9, 3000]),
    ("HANGUL", [0, 0, 9, 2000]),
    ("SYMBOL", [0, 0, 9, 900]),
];
const WORDS: [Row; 7] = [
    ("가", [0, 0, 120, 10]),
    ("나", [1, 1, 150, 10]),
    ("가나", [1, 1, 150, 100]),
    ("나무", [1, 1, 150, 10]),
    ("무", [0, 0, 120, 10]),
    ("가", [1, 1, 150, 40]),
    ("😀나", [1, 1, 150, 10]),
];

/// A double-array trie, each node put where its children first fit.
fn trie(words: &[(Vec<u8>, i32)]) -> Vec<u8> {
    fn place(
        units: &mut Vec<(i32, u32)>,
        used: &mut Vec<usize>,
        words: &[(Vec<u8>, i32)],
        depth: usize,
    ) -> i32 {
        let label = |w: &Vec<u8>| w.get(depth).map_or(0, |b| usize::from(*b) + 1);
        let mut labels: Vec<usize> = words.iter().map(|(w, _)| label(w)).collect();
        labels.dedup();
        let fits = |base: &usize, units: &[(i32, u32)], used: &[usize]| {
            let free = |l: &usize| units.get(base + l).is_none_or(|u| *u == (0, 0));
            !used.contains(base) && labels.iter().all(free)
        };
        let base = (1..).find(|base| fits(base, units, used)).unwrap();
        used.push(base);
        units.resize(units.len().max(base + 258), (0, 0));
        labels.iter().for_each(|l| units[base + l] = (1, base as u32));
        for l in labels {
            let below: Vec<_> = words.iter().filter(|(w, _)| label(w) == l).cloned().collect();
            units[base + l].0 = if l == 0 { -below[0].1 - 1 } else { place(units, used, &below, depth + 1) };
        }
        base as i32
    }
    let mut units = vec![(0, u32::MAX)];
    units[0].0 = place(&mut units, &mut Vec::new(), words, 0);
    units.iter().flat_map(|(base, check)| [base.to_le_bytes(), check.to_le_bytes()].concat()).collect()
}

fn compiled(rows: &[Row]) -> Vec<u8> {
    let mut rows: Vec<Row> = rows.to_vec();
    rows.sort_by_key(|row| row.0);
    let entries: Vec<u8> = rows
        .iter()
        .flat_map(|(_, numbers)| [numbers.map(i16::to_le_bytes).concat(), vec![0; 8]].concat())
        .collect();
    let mut words: Vec<(Vec<u8>, i32)> = Vec::new();
    for (i, (word, _)) in rows.iter().enumerate() {
        match words.last_mut() {
            Some((last, value)) if last == word.as_bytes() => *value += 1,
            _ => words.push((word.as_bytes().to_vec(), (i as i32) << 8 | 1)),
        }
    }
    let trie = trie(&words);
    let length = 72 + trie.len() + entries.len();
    let head = [length as u32 ^ 0xef71_8f77, 102, 0, rows.len() as u32, 2, 2, trie.len() as u32];
    let mut out: Vec<u8> =
        head.into_iter().chain([entries.len() as u32, 0, 0]).flat_map(u32::to_le_bytes).collect();
    out.extend(b"utf-8");
    out.resize(72, 0);
    out.extend(trie);
    out.extend(entries);
    out
}

fn file(name: &'static str) -> Result<Vec<u8>, String> {
    Ok(match name {
        // Right before left: two words of context 1 are dear together.
        "matrix.bin" => [2, 2, 0, 0, 0, 500].map(i16::to_le_bytes).concat(),
        "char.bin" => {
            let mut out = 4u32.to_le_bytes().to_vec();
            for (name, _) in UNKNOWN {
                let mut name = name.as_bytes().to_vec();
                name.resize(32, 0);
                out.extend(name);
            }
            let category = |c: u32| match c {
                9 | 32 => 1 << 1 | 1 << 18 | 1 << 30,
                0xac00..=0xd7a3 => 1 << 2 | 2 << 18 | 2 << 26 | 1 << 30,
                0x21..=0x2f => 1 << 3 | 3 << 18 | 1 << 30 | 1 << 31,
                _ => 1 | 1 << 30,
            };
            out.extend((0..0xffffu32).flat_map(|c| u32::to_le_bytes(category(c))));
            out
        }
        "unk.dic" => compiled(&UNKNOWN),
        "sys.dic" => compiled(&WORDS),
        "dicrc" => b"; comment = 1\nleft-space-penalty-factor = 100,5,120,6000\n".to_vec(),
        _ => return Err(format!("no {name}")),
    })
}

fn check(line: &str, expect: &[&str]) {
    let tokenizer = Tokenizer::KoMorph(Box::leak(Box::new(KoDic::read(file).unwrap())));
    assert_eq!(tokenizer.tokens(line), expect, "{line:?}");
}

#[test]
fn the_cheapest_way_is_taken() {
    check("", &[]);
    check(" \u{3000}\n", &[]);
    check("가나", &["가", "나"]);
    check("나무", &["나무"]);
    // 가 as a particle (10) before 나무; behind a space it costs 6000 more, and 가 as a noun 540.
    check("가나무", &["가", "나무"]);
    check("나 가", &["나", "가"]);
    check(" 나\t 나무  ", &["나", "나무"]);
    check("😀나", &["😀나"]);
    check("나 \0나무", &["나"]);
}

#[test]
fn unknown_words_are_grouped_up_to_a_limit() {
    check("뷁뷁뷁", &["뷁뷁뷁"]);
    check("뷁!?나", &["뷁", "!", "?", "나"]);
    check("뷁!!나", &["뷁", "!!", "나"]);
    check(&"-".repeat(25), &["-".repeat(25).as_str()]);
    check(&"-".repeat(27), &["-", "-", "-".repeat(25).as_str()]);
    check("\u{ffff}\u{ffff}\u{1f600}\u{1f600}", &["\u{ffff}", "\u{ffff}", "\u{1f600}\u{1f600}"]);
}

#[test]
fn long_lines_are_cut_in_pieces() {
    let line = "나무 ".repeat(PIECE / 4);
    let tokenizer = Tokenizer::KoMorph(Box::leak(Box::new(KoDic::read(file).unwrap())));
    assert!(tokenizer.tokens(&line).len() >= PIECE / 4);
}

#[test]
fn what_is_no_dictionary_is_refused() {
    let check = |broken: &'static str, bytes: Result<Vec<u8>, String>, expect: &str| {
        let read = KoDic::read(|name| if name == broken { bytes.clone() } else { file(name) });
        let said = read.unwrap_err().to_string();
        assert!(said.contains(broken) && said.contains(expect), "{said}");
    };
    let cut = |name: &'static str| file(name).map(|b| b[..b.len() - 1].to_vec());
    for name in ["matrix.bin", "char.bin", "unk.dic", "sys.dic"] {
        check(name, Ok(Vec::new()), "");
        check(name, Ok(vec![0; 100]), "");
        check(name, cut(name), "");
    }
    check("sys.dic", Err("no such file".into()), "no such file");
    check("sys.dic", Ok(compiled(&[("가", [2, 0, 0, 0])])), "two dictionaries");
    check("unk.dic", Ok(compiled(&UNKNOWN[1..])), "no entry");
    check("dicrc", Ok(b"left-space-penalty-factor = 1,2,3".to_vec()), "pairs");
    check("dicrc", Ok(b"left-space-penalty-factor = a".to_vec()), "numbers");
    let latin = file("sys.dic").map(|b| String::from_utf8_lossy(&b[40..45]).into_owned()).unwrap();
    assert_eq!(latin, "utf-8");
}

#[test]
fn a_damaged_trie_ends_the_search() {
    let sound = compiled(&WORDS);
    for at in (72..sound.len()).step_by(97) {
        let damage = |name: &'static str| {
            file(name).map(|mut b| {
                if name == "sys.dic" {
                    b[at] ^= 0x95;
                }
                b
            })
        };
        if let Ok(dictionary) = KoDic::read(damage) {
            let mut out = Vec::new();
            dictionary.spaced("가나무 😀나 뷁!", &mut out);
            assert!(!out.is_empty());
        }
    }
}
