//! The committed transcripts, played by the native machine. `KUBECRED_BLESS=1` writes them anew.

mod earlier;

use kubecred_core::{Authenticator, Policy};
use std::collections::BTreeSet;
use world::Transcript;
use world::scenarios::{ALL, SEED};

#[test]
fn the_native_machine_says_what_the_transcripts_say() {
    for scenario in ALL {
        let machine = Authenticator::new(&(scenario.profile)(), Policy::default(), SEED);
        scenario.play(Box::new(machine));
    }
}

#[test]
fn every_transcript_belongs_to_a_scenario() {
    let files = std::fs::read_dir(Transcript::folder()).expect("the transcripts are there");
    let files: BTreeSet<String> = files
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let names = ALL.iter().map(|scenario| format!("{}.txt", scenario.name)).collect();
    assert_eq!(files, names);
}
