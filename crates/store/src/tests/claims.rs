//! One writer a run, and a file that goes away under it.

use super::{append, fresh, sample, with_run};
use crate::{Store, StoreError, Writer};
use acidtest_record::{Item, RunId};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

fn side_files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    names.filter(|n| n.ends_with(".lock")).collect()
}

fn assert_busy(store: &Store, run: RunId) {
    let e = store.claim(run).unwrap_err();
    assert!(matches!(e, StoreError::RunBusy { .. }), "{e}");
    let want = format!("run {run} in store '{}' is being written by another process", store.path().display());
    assert_eq!(e.to_string(), want);
    assert_eq!(e.hint().unwrap(), "wait until it ends, or stop it");
}

#[test]
fn a_run_is_claimed_once() {
    let (dir, store) = with_run(sample::RUN);
    let path = dir.path().join("s.db");
    let other = Store::open(&path).unwrap();
    let claim = store.claim(sample::RUN).unwrap();
    assert_eq!(side_files(dir.path()), ["s.db.7f3a000000000001.lock"]);
    assert_busy(&store, sample::RUN);
    assert_busy(&other, sample::RUN);
    let second = other.claim(RunId(5)).unwrap();
    drop(claim);
    drop(other.claim(sample::RUN).unwrap());
    drop(second);
    assert_eq!(side_files(dir.path()).is_empty(), cfg!(unix));
}

#[cfg(unix)]
#[test]
fn another_name_of_the_store_is_the_same_claim() {
    let (dir, store) = with_run(sample::RUN);
    let link = dir.path().join("link.db");
    std::os::unix::fs::symlink(dir.path().join("s.db"), &link).unwrap();
    let _claim = store.claim(sample::RUN).unwrap();
    assert_busy(&Store::open(&link).unwrap(), sample::RUN);
}

#[cfg(unix)]
#[test]
fn only_the_own_side_file_is_removed() {
    let (dir, store) = with_run(sample::RUN);
    let claim = store.claim(sample::RUN).unwrap();
    fs::remove_file(dir.path().join(&side_files(dir.path())[0])).unwrap();
    let next = store.claim(sample::RUN).unwrap();
    drop(claim);
    assert_busy(&store, sample::RUN);
    drop(next);
    assert!(side_files(dir.path()).is_empty());
}

#[test]
fn threads_that_race_for_a_claim_hold_it_one_at_a_time() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let (dir, store) = with_run(sample::RUN);
    drop(store);
    let (holders, taken) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                let store = Store::open_read_only(&dir.path().join("s.db")).unwrap();
                for _ in 0..300 {
                    let Ok(_claim) = store.claim(sample::RUN) else { continue };
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                    taken.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    holders.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert!(taken.into_inner() > 0);
    assert_eq!(side_files(dir.path()).is_empty(), cfg!(unix));
}

/// Runs one of the ignored tests below as a process of its own.
#[cfg(unix)]
fn as_process(test: &str, shell: &str, dir: &Path) -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &format!("{shell} exec \"$0\" --ignored --exact --nocapture tests::claims::{test}")])
        .arg(std::env::current_exe().unwrap())
        .env("ACIDTEST_STORE_TEST", dir);
    command
}

#[cfg(unix)]
fn of_parent() -> Option<std::path::PathBuf> {
    std::env::var_os("ACIDTEST_STORE_TEST").map(std::path::PathBuf::from)
}

#[cfg(unix)]
#[test]
#[ignore = "run by a_killed_process_gives_its_claim_back"]
fn hold_a_claim() {
    let Some(dir) = of_parent() else { return };
    let store = Store::open(&dir.join("s.db")).unwrap();
    let _claim = store.claim(sample::RUN).unwrap();
    fs::write(dir.join("held"), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

#[cfg(unix)]
#[test]
fn a_killed_process_gives_its_claim_back() {
    let (dir, store) = with_run(sample::RUN);
    let mut child = as_process("hold_a_claim", "", dir.path()).spawn().unwrap();
    let start = Instant::now();
    while !dir.path().join("held").exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let during = store.claim(sample::RUN);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(during, Err(StoreError::RunBusy { .. })), "{during:?}");
    assert_eq!(side_files(dir.path()).len(), 1, "a killed process leaves the file");
    drop(store.claim(sample::RUN).unwrap());
    assert!(side_files(dir.path()).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by a_file_size_limit_is_want_of_space"]
fn write_to_the_limit() {
    let Some(dir) = of_parent() else { return };
    let mut store = Store::open(&dir.join("s.db")).unwrap();
    for i in 0..100_000 {
        let item = Item::Record(Box::new(sample::plain(sample::RUN, i)));
        if let Err(e) = store.append(sample::RUN, &[item]) {
            fs::write(dir.join("said"), format!("{e:?}")).unwrap();
            return;
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_size_limit_is_want_of_space() {
    let (dir, store) = with_run(sample::RUN);
    drop(store);
    // The signal that comes with the limit would end the process otherwise.
    let limit = "trap '' XFSZ; ulimit -f 1000;";
    let done = as_process("write_to_the_limit", limit, dir.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let said = fs::read_to_string(dir.path().join("said")).unwrap();
    assert!(said.starts_with("Full"), "{said}");
    let store = Store::open(&dir.path().join("s.db")).unwrap();
    assert!(store.summary(sample::RUN).unwrap().records > 0, "what was committed is kept");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_gives_no_claim() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, store) = with_run(sample::RUN);
    let set = |mode| fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    // The superuser may write everywhere; then there is nothing to see here.
    let bound = fs::write(dir.path().join("probe"), "").is_err();
    let claim = store.claim(sample::RUN);
    set(0o755);
    assert_eq!(matches!(claim, Err(StoreError::ReadOnly { .. })), bound, "{claim:?}");
}

fn assert_gone(e: &StoreError, path: &Path) {
    assert!(matches!(e, StoreError::Gone { .. }), "{e}");
    let want = format!("store '{}' was removed or replaced while it was written", path.display());
    assert_eq!(e.to_string(), want);
    assert!(e.hint().unwrap().contains("start it again"));
}

#[cfg(unix)]
#[test]
fn a_removed_or_replaced_store_is_noticed() {
    let (dir, mut store) = with_run(sample::RUN);
    let path = dir.path().join("s.db");
    store.still_there().unwrap();
    append(&mut store, &[sample::plain(sample::RUN, 0)]);
    store.vacuum().unwrap();
    store.still_there().unwrap();
    fs::copy(&path, dir.path().join("copy.db")).unwrap();
    fs::remove_file(&path).unwrap();
    assert_gone(&store.still_there().unwrap_err(), &path);
    assert_gone(&store.claim(sample::RUN).unwrap_err(), &path);
    fs::rename(dir.path().join("copy.db"), &path).unwrap();
    assert_gone(&store.still_there().unwrap_err(), &path);
}

#[cfg(unix)]
#[test]
fn the_writer_says_at_its_end_that_the_file_is_gone() {
    let (dir, store) = with_run(sample::RUN);
    let (sender, writer) = Writer::spawn(store, sample::RUN, 4).unwrap();
    let path = dir.path().join("s.db");
    fs::remove_file(&path).unwrap();
    sender.send(Item::Record(Box::new(sample::plain(sample::RUN, 0)))).unwrap();
    drop(sender);
    assert_gone(&writer.join().unwrap_err(), &path);
}

#[cfg(unix)]
#[test]
fn the_writer_stops_soon_after_the_file_is_gone() {
    let (dir, store) = with_run(sample::RUN);
    let (sender, writer) = Writer::spawn(store, sample::RUN, 4).unwrap();
    let progress = writer.progress();
    let path = dir.path().join("s.db");
    fs::remove_file(&path).unwrap();
    let start = Instant::now();
    let item = |i| Item::Record(Box::new(sample::plain(sample::RUN, i)));
    let refused = (0..).take_while(|_| start.elapsed() < Duration::from_secs(20)).any(|i| {
        std::thread::sleep(Duration::from_millis(20));
        sender.send(item(i)).is_err()
    });
    assert!(refused && progress.failed());
    assert_gone(&writer.join().unwrap_err(), &path);
}

#[test]
fn only_an_imported_run_is_imported() {
    let (_a, mut from) = with_run(sample::RUN);
    append(&mut from, &[sample::plain(sample::RUN, 0)]);
    assert!(!from.is_imported(sample::RUN).unwrap());
    let text = super::exported(&from, sample::RUN);
    let (_b, mut to) = fresh();
    to.import(&mut &text[..]).unwrap();
    assert!(to.is_imported(sample::RUN).unwrap());
    assert_eq!(super::exported(&to, sample::RUN), text);
    assert!(matches!(to.is_imported(RunId(5)), Err(StoreError::RunUnknown { .. })));
}
