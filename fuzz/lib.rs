//! What the fuzz targets do with their bytes. Plain functions, so that every build checks them and
//! a debugger or a test can call them.
//!
//! `fuzz/run` runs all of them for a while.
#![forbid(unsafe_code)]

mod api_reply;
mod exec_credential;
mod kubeconfig;
mod login;

pub use api_reply::api_reply;
pub use exec_credential::exec_credential;
pub use kubeconfig::kubeconfig;
pub use login::{login, login_token};

/// Operations on a machine: all the laws hold, whatever happens.
///
/// # Panics
/// When one does not.
pub fn session(bytes: &[u8]) {
    world::laws::hold(&world::script::Script::decode(bytes));
}

/// Reviews of tokens: all the laws of a reviewer hold, whatever callers and server do.
///
/// # Panics
/// When one does not.
pub fn reviewer(bytes: &[u8]) {
    world::reviewer::chaos(bytes);
}

/// A mark for secret values, in no form that an error may quote.
const MARK: &str = "<s3cr3t!>";

#[cfg(test)]
mod tests {
    /// The committed seeds run with the tests, too.
    #[test]
    fn the_seeds_pass() {
        run_seeds("api_reply", super::api_reply);
        run_seeds("exec_credential", super::exec_credential);
        run_seeds("kubeconfig", super::kubeconfig);
        run_seeds("login", super::login);
        run_seeds("login_token", super::login_token);
        run_seeds("reviewer", super::reviewer);
        run_seeds("session", super::session);
    }

    /// The hostile seeds are what their crate makes of them; `KUBECRED_WRITE_SEEDS=1` writes them.
    #[test]
    fn the_hostile_seeds_are_up_to_date() {
        use kubecred_hostile::{Size, answers, kubeconfigs};
        // The first byte of an answer's seed says where the mark goes: into its middle.
        let answers = answers(Size::Seed).into_iter();
        let answers = answers.map(|(name, bytes)| (name, [&[128], bytes.as_slice()].concat()));
        check_seeds("exec_credential", answers);
        check_seeds("kubeconfig", kubeconfigs(Size::Seed).into_iter());
    }

    fn check_seeds(target: &str, seeds: impl Iterator<Item = (&'static str, Vec<u8>)>) {
        for (name, bytes) in seeds {
            let path = format!("{}/corpus/{target}/hostile_{name}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("KUBECRED_WRITE_SEEDS").is_some() {
                std::fs::write(&path, &bytes).expect("the corpus can be written");
            }
            assert!(std::fs::read(&path).is_ok_and(|seed| seed == bytes), "{path} is out of date");
        }
    }

    /// Whole, as they are too big for a corpus.
    #[test]
    fn the_hostile_inputs_pass() {
        use kubecred_hostile::{Size, answers};
        for (_, bytes) in answers(Size::Full) {
            super::exec_credential(&bytes);
        }
    }

    fn run_seeds(name: &str, target: fn(&[u8])) {
        let folder = format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut count = 0;
        for entry in std::fs::read_dir(folder).expect("seeds are committed") {
            target(&std::fs::read(entry.expect("an entry").path()).expect("a seed"));
            count += 1;
        }
        assert!(count >= 5, "{count} seeds for {name}");
    }
}
