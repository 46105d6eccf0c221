//! What plugins print, when it is not what was asked for.

use super::{Expected, LITTLE, none, run};
use crate::stage::{Stage, plugin};
use kubecred_hostile::{Size, answers};

/// Odd, and good: what is passed over may be as it likes, and the rest can be read.
const TAKEN: [&str; 8] = [
    "deep_list",
    "expires_in_a_long_fraction",
    "expires_in_the_first_second",
    "expires_in_the_last_second",
    "statuses_10k",
    "fields_30k",
    "token_of_half_a_mebibyte",
    "utf_16",
];

#[tokio::test]
async fn each_is_refused_in_words_that_name_plugin_and_user() {
    let stage = Stage::new().await;
    stage.script("login", "exec cat answer");
    stage.kubeconfig(plugin("./login"));
    let mut faults = Vec::new();
    for (case, bytes) in answers(Size::Full) {
        std::fs::write(stage.folder.path().join("answer"), &bytes).unwrap();
        let ended = run(&stage, case, LITTLE, &["credential"]).await;
        if TAKEN.contains(&case) {
            if ended.code != Some(0) {
                faults.push(format!("{case} is not taken: {}", ended.stderr));
            }
            continue;
        }
        let says = ["login", "user \"main\"", "its output is not usable"];
        Expected::new(4, &says).check(case, &ended, &mut faults);
    }
    none(&faults);
}
