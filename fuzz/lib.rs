//! What the fuzz targets do with their bytes. Plain functions, so that every build checks them and
//! a debugger or a test can call them.
//!
//! `fuzz/run` runs all of them for a while.
#![forbid(unsafe_code)]

mod exec_credential;
mod kubeconfig;

pub use exec_credential::exec_credential;
pub use kubeconfig::kubeconfig;

/// Operations on a machine: all the laws hold, whatever happens.
///
/// # Panics
/// When one does not.
pub fn session(bytes: &[u8]) {
    world::laws::hold(&world::script::Script::decode(bytes));
}

/// A mark for secret values, in no form that an error may quote.
const MARK: &str = "<s3cr3t!>";

#[cfg(test)]
mod tests {
    /// The committed seeds run with the tests, too.
    #[test]
    fn the_seeds_pass() {
        run_seeds("exec_credential", super::exec_credential);
        run_seeds("kubeconfig", super::kubeconfig);
        run_seeds("session", super::session);
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
