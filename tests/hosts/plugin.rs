//! A plugin that says what it is told to, and counts its runs.

use kubecred_core::exec::credential_json;
use kubecred_core::{Authentication, Authorization, Exec, ExecApiVersion, Profile, UnixTime};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

pub(crate) struct Plugin {
    folder: TempDir,
}

impl Plugin {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// From now on it gives this token, which lives so long from now.
    pub(crate) fn answers(&self, token: &str, lives: Option<Duration>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let expires = lives
            .map(|lives| UnixTime::from_millis(i64::try_from((now + lives).as_millis()).unwrap()));
        let json = credential_json(ExecApiVersion::V1, Some(&token.into()), None, expires);
        std::fs::write(self.file("answer"), json.unwrap().expose()).unwrap();
    }

    /// From now on it ends with code 1.
    pub(crate) fn fails(&self) {
        let _ = std::fs::remove_file(self.file("answer"));
    }

    pub(crate) fn runs(&self) -> usize {
        std::fs::read_to_string(self.file("runs")).map_or(0, |runs| runs.lines().count())
    }

    pub(crate) fn profile(&self) -> Profile {
        let folder = self.folder.path().to_str().unwrap();
        let script = format!("cd '{folder}' && echo run >> runs && cat answer 2>/dev/null");
        let mut exec = Exec::new("/bin/sh");
        exec.args = vec!["-c".into(), script];
        let mut profile = Profile::new("https://api.example:6443");
        profile.authentication = Authentication::exec(exec);
        profile
    }
}

pub(crate) fn exec(profile: &mut Profile) -> &mut Exec {
    match &mut profile.authentication.authorization {
        Authorization::Exec(exec) => exec,
        _ => unreachable!("it is a plugin's profile"),
    }
}
