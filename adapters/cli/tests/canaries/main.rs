//! Secrets are never shown: a product of where a secret stands × its form × what fails × command ×
//! `-v`, each cell a run of the program. What is sent is not shown in clear, in base64 or with
//! percent escapes; nor is content that stands where a path or a name belongs.

mod echo;
mod find;
mod place;
mod run;

use echo::{Echo, Failure};
use place::Place;
use run::{Cell, Command};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fewer would mean that an axis has lost its values.
const LEAST: usize = 2_500;

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for place in Place::ALL {
        for form in place.forms() {
            for command in Command::ALL {
                if !place.is_of(command) {
                    continue;
                }
                let failures = if command.sends() { place.failures() } else { &[Failure::None] };
                for failure in failures.iter().filter(|failure| command.meets(**failure)) {
                    for verbose in [false, true] {
                        cells.push(Cell {
                            place,
                            form: *form,
                            failure: *failure,
                            command,
                            verbose,
                        });
                    }
                }
            }
        }
    }
    cells
}

#[test]
fn no_secret_is_shown_wherever_it_stands_and_whatever_fails() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let echo = runtime.as_ref().unwrap().block_on(Echo::start());
    let cells = cells();
    println!(
        "{} runs: {} places x their forms x {} commands x up to {} failures x with and without -v",
        cells.len(),
        Place::ALL.len(),
        Command::ALL.len(),
        Failure::ALL.len()
    );
    assert!(cells.len() >= LEAST, "{} runs", cells.len());
    let (next, shown, codes) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::new()),
        Mutex::new(std::collections::BTreeMap::new()),
    );
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = cell.run(&echo);
                    *codes.lock().unwrap().entry(ended.code).or_insert(0) += 1;
                    if let Some(leak) = ended.leak(cell) {
                        shown.lock().unwrap().push(leak);
                    }
                }
            });
        }
    });
    println!("exit codes and how often: {:?}", codes.into_inner().unwrap());
    let shown = shown.into_inner().unwrap();
    assert!(shown.is_empty(), "{} of {} runs:\n{}", shown.len(), cells.len(), shown.join("\n"));
}

/// The search itself must find what it is to find.
#[test]
fn a_secret_is_found_in_every_form() {
    let secret = "canary+7b/1f4c0d9e~";
    for text in [
        "x canary+7b/1f4c0d9e~ y",
        "x canary%2B7b%2f1f4c0d9e%7E y",
        // base64 of "Bearer canary…", "aBearer …" and "aaBearer …"
        "QmVhcmVyIGNhbmFyeSs3Yi8xZjRjMGQ5ZX4=",
        "YUJlYXJlciBjYW5hcnkrN2IvMWY0YzBkOWV+",
        "YWFCZWFyZXIgY2FuYXJ5KzdiLzFmNGMwZDllfg",
    ] {
        assert!(find::find(secret, text).is_some(), "{text}");
    }
    assert_eq!(find::find(secret, "nothing of it"), None);
}
