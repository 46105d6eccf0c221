//! Exec plugins as shell scripts, and a way to see that they are gone.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A script in a folder of its own, which counts its runs in the file `runs`.
pub(crate) struct Plugin {
    folder: TempDir,
}

impl Plugin {
    /// `$RUN` is the number of this run, from 1; `$HERE` the folder.
    pub(crate) fn saying(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let here = folder.path().display();
        let text = format!(
            "#!/bin/sh\nHERE='{here}'\necho run >>\"$HERE/runs\"\n\
             RUN=$(wc -l <\"$HERE/runs\" | tr -d ' ')\n{script}\n"
        );
        let path = folder.path().join("plugin");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// Prints `token-1`, `token-2` …, without an end.
    pub(crate) fn counting() -> Self {
        Self::saying(&credential(r#""token":"token-'"$RUN"'""#))
    }

    /// Prints `token-1`, `token-2` …, each for this long.
    pub(crate) fn counting_with_life(life: Duration) -> Self {
        let seconds = life.as_secs();
        let end = format!("END=$(date -u -d '+{seconds} seconds' +%Y-%m-%dT%H:%M:%SZ)\n");
        let status = r#""token":"token-'"$RUN"'","expirationTimestamp":"'"$END"'""#;
        Self::saying(&(end + &credential(status)))
    }

    /// Prints a token the first time, and fails from then on.
    pub(crate) fn printing_once() -> Self {
        Self::saying(&format!("[ $RUN = 1 ] || exit 1\n{}", credential(r#""token":"token-1""#)))
    }

    /// Fails the first time.
    pub(crate) fn failing_first() -> Self {
        let token = credential(r#""token":"token-'"$RUN"'""#);
        Self::saying(&format!("[ $RUN != 1 ] || exit 1\n{token}"))
    }

    /// Prints these certificates, one in each run.
    pub(crate) fn presenting(certificates: &[&kubecred_loopback::Issued]) -> Self {
        let plugin = Self::saying(r#"cat "$HERE/answer-$RUN""#);
        for (index, issued) in certificates.iter().enumerate() {
            let escaped = |pem: &str| pem.replace('\n', "\\n");
            let answer = format!(
                r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"clientCertificateData":"{}","clientKeyData":"{}"}}}}"#,
                escaped(issued.certificate_pem()),
                escaped(issued.key_pem()),
            );
            let file = plugin.folder.path().join(format!("answer-{}", index + 1));
            std::fs::write(file, answer).unwrap();
        }
        plugin
    }

    /// Never ends, nor does what it started; see [`Plugin::lifeline`].
    pub(crate) fn hanging() -> Self {
        let plugin = Self::saying("exec 3>\"$HERE/fifo\"; sleep 1000 & echo >&3; wait");
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, plugin.fifo(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        plugin
    }

    pub(crate) fn path(&self) -> String {
        self.folder.path().join("plugin").to_str().unwrap().into()
    }

    pub(crate) fn runs(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("runs")).map_or(0, |t| t.lines().count())
    }

    /// Waits until a hanging plugin runs.
    pub(crate) async fn lifeline(&self) -> Lifeline {
        let path = self.fifo();
        let opened = tokio::task::spawn_blocking(move || {
            let mut file = File::open(path).unwrap();
            file.read_exact(&mut [0]).unwrap();
            Lifeline(file)
        });
        opened.await.unwrap()
    }

    fn fifo(&self) -> PathBuf {
        self.folder.path().join("fifo")
    }
}

fn credential(status: &str) -> String {
    format!(
        r#"echo '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{{status}}}}}'"#
    )
}

/// A FIFO that a plugin, and what it started, hold open.
pub(crate) struct Lifeline(File);

impl Lifeline {
    /// Returns when all of them are gone.
    pub(crate) async fn ends(mut self) {
        let rest = tokio::task::spawn_blocking(move || {
            let mut rest = Vec::new();
            self.0.read_to_end(&mut rest).map(|_| rest)
        });
        assert_eq!(rest.await.unwrap().unwrap(), b"");
    }
}
