//! Votes in all their forms, whole and cut anywhere; and what is wrong with them.

use super::*;

fn read(columns: BattleColumns, files: &[&[u8]], piece: usize) -> Result<BattleTable, FormatError> {
    let mut reader = BattleReader::new(columns);
    for file in files {
        reader.begin("votes.csv");
        for piece in file.chunks(piece) {
            reader.push(piece)?;
        }
        reader.end()?;
    }
    Ok(reader.finish())
}

/// The same table, however the bytes come.
#[track_caller]
fn check(bytes: &[u8]) -> BattleTable {
    let whole = read(BattleColumns::default(), &[bytes], usize::MAX).unwrap();
    for piece in [1, 2, 3, 7] {
        assert_eq!(read(BattleColumns::default(), &[bytes], piece).unwrap(), whole, "pieces of {piece}");
    }
    whole
}

#[track_caller]
fn wrong(bytes: &[u8], line: u32, what: &str) {
    for piece in [usize::MAX, 1, 5] {
        let error = read(BattleColumns::default(), &[bytes], piece).unwrap_err();
        assert!(error.what.contains(what), "{error}");
        assert_eq!(error.line, (line > 0).then_some(line), "{error}");
    }
}

fn line(a: u32, b: u32, winner: Winner) -> BattleLine {
    BattleLine { a, b, winner }
}

#[test]
fn csv_in_every_dress() {
    let plain = check(b"model_a,model_b,winner\nx,y,model_a\ny,z,tie (bothbad)\n");
    assert_eq!(plain.models, ["x", "y", "z"]);
    assert_eq!(plain.battles, [line(0, 1, Winner::A), line(1, 2, Winner::BothBad)]);
    assert!(plain.voters.is_empty() && plain.prompts.is_empty());
    for same in [
        &b"\xEF\xBB\xBFmodel_a,model_b,winner\r\nx,y,model_a\r\n\r\ny,z,tie (bothbad)"[..],
        b"model_a,model_b,winner\rx,y,MODEL_A\ry,z,both_bad\r",
        b"n,winner,\"model_a\",model_b\n\"1,\n2\",\"model_a\",\"x\",y\n2,Tie (BothBad), y ,z\n\n",
        b"model_a\tmodel_b\twinner\nx\ty\ta\ny\tz\tbothbad\n",
        b"{\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"model_a\",\"conversation_a\":[{\"content\":\"a } \\\" ]\"}]}\n{\"winner\":\"both_bad\",\"model_a\":\"\\u0079\",\"model_b\":\"z\"}",
        b"[ {\"model_a\":\"x\",\n\"model_b\":\"y\",\"winner\":\"a\"},\n{\"model_a\":\"y\",\"model_b\":\"z\",\"winner\":\"both_bad\"}]\n",
    ] {
        assert_eq!(check(same), plain, "{}", String::from_utf8_lossy(same));
    }
}

#[test]
fn voters_and_prompts_are_numbered() {
    let t =
        check(b"model_a,model_b,winner,judge,question_id\nx,y,a,j1,7\nx,y,b,,7\ny,x,tie,j2,8\nx,y,a,j1,\n");
    assert_eq!((t.voters, t.prompts), (vec![1, 0, 2, 1], vec![1, 1, 2, 0]));
    let json = check(b"{\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"a\",\"judge\":[\"gpt-4\",\"pair\"],\"question_id\":7}\n{\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"b\",\"judge\":null,\"question_id\":7}\n");
    assert_eq!((json.voters, json.prompts), (vec![1, 0], vec![1, 1]));
}

#[test]
fn files_of_several_forms_add_up() {
    let (csv, json) = (
        &b"model_a,model_b,winner\nx,y,a\n"[..],
        &b"{\"model_a\":\"y\",\"model_b\":\"x\",\"winner\":\"b\",\"user\":\"u\"}\n"[..],
    );
    let both = read(BattleColumns::default(), &[csv, json], 4).unwrap();
    assert_eq!(both.battles, [line(0, 1, Winner::A), line(1, 0, Winner::B)]);
    assert_eq!(both.voters, [0, 1]);
}

#[test]
fn named_columns_style_and_times() {
    let columns = BattleColumns {
        model_a: Some("left".into()),
        model_b: Some("right".into()),
        winner: Some("vote".into()),
        wants_time: true,
        style: vec![StyleColumn { name: "tokens".into(), a: "m.a".into(), b: "m.b".into() }],
        ..BattleColumns::default()
    };
    let csv = b"left,right,vote,tstamp,m.a,m.b\nx,y,b,1.5e9,10,20.5\n";
    let json =
        b"{\"left\":\"x\",\"right\":\"y\",\"vote\":\"b\",\"tstamp\":1.5e9,\"m\":{\"a\":10,\"b\":20.5}}";
    for bytes in [&csv[..], json] {
        let t = read(columns.clone(), &[bytes], 9).unwrap();
        assert_eq!((t.times, t.style), (vec![1.5e9], vec![(vec![10.0], vec![20.5])]));
    }
    let bad = b"left,right,vote,tstamp,m.a,m.b\nx,y,b,1,10,long\n";
    let error = read(columns, &[bad], 99).unwrap_err();
    assert_eq!(error.to_string(), "votes.csv:2: 'long' in 'm.b' is no number");
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let head = "model_a,model_b,winner\n";
    let with = |rest: &str| format!("{head}{rest}").into_bytes();
    wrong(&with("x,y,a\nx,y,A wins\n"), 3, "'A wins' is no known outcome");
    wrong(&with("x,y,\n"), 2, "no value for 'winner'");
    wrong(&with("x,,a\n"), 2, "no value for 'model_b'");
    wrong(&with("x,x,a\n"), 2, "'x' meets itself");
    wrong(&with("x,y\n"), 2, "2 cells where the header has 3");
    wrong(&with("x,y,a,b\n"), 2, "4 cells where the header has 3");
    wrong(&with("\"x,y,a\nx,y,b\n"), 2, "a quote is opened and not closed");
    wrong(head.as_bytes(), 0, "no battles");
    wrong(b"", 0, "no battles");
    wrong(b"\n \n", 0, "no battles");
    wrong(b"model_a,model_b\nx,y\n", 1, "no column 'winner'");
    wrong(b"model_a,model_b,winner\nx,y,a\nx,\xFFy,a\n", 3, "not UTF-8");
    wrong(b"\xFF\xFEm\0", 1, "UTF-16");
    wrong(b"{\"model_a\":\"x\",\"model_b\":\"y\"}\n", 1, "no value for 'winner'");
    wrong(b"{\"model_a\":\"x\",\n\"model_b\":\"y\",\"winner\":\"a\"}\n{\"model_a\":}\n", 3, "cannot be read");
    wrong(b"[{\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"a\"}", 1, "the JSON is cut");
    wrong(b"{\"model_a\":\"x\"\n", 1, "the JSON is cut");
    wrong(b"{\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"a\"}\nx\n", 2, "an object was expected");
    let long = format!("{head}{},y,a\n", "x".repeat(501));
    wrong(long.as_bytes(), 2, "longer than 500 bytes");
}

#[test]
fn records_are_bounded() {
    let mut reader = BattleReader::new(BattleColumns::default());
    reader.begin("votes.csv");
    reader.push(b"model_a,model_b,winner\n\"").unwrap();
    let mut pieces = (0..40).map(|_| reader.push(&[b'x'; 1 << 20]));
    let error = pieces.find_map(Result::err).unwrap();
    assert!(error.what.contains("16 MiB") && error.line == Some(2));
}
