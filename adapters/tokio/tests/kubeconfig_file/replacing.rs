//! What a file is after a change, and what cannot be changed.

use crate::stage::{CONFIG, Stage};
use kubecred_core::kubeconfig::edit::SetContext;
use kubecred_tokio::kubeconfig_file::{Changed, FileError};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

fn changed() -> String {
    CONFIG.replace("current-context: one", "current-context: two")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

/// I: kubectl rewrites it in place.
#[tokio::test]
async fn kc_86_a_file_is_replaced_and_keeps_its_mode_and_owner() {
    let stage = Stage::with_config();
    let path = stage.path("config");
    for wanted in [0o600, 0o640, 0o666] {
        stage.write("config", CONFIG);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(wanted)).unwrap();
        if rustix::process::getuid().is_root() {
            std::os::unix::fs::chown(&path, Some(1234), Some(4321)).unwrap();
        }
        let before = std::fs::metadata(&path).unwrap();
        stage.config().edit(|config| config.use_context("two")).await.unwrap();
        let after = std::fs::metadata(&path).unwrap();
        assert_eq!(stage.read("config"), changed());
        assert_ne!(before.ino(), after.ino(), "it is another file");
        assert_eq!(
            (after.mode(), after.uid(), after.gid()),
            (before.mode(), before.uid(), before.gid())
        );
    }
}

/// I: a new one is as kubectl's, but nobody sees half of it.
#[tokio::test]
async fn kc_86_a_new_file_is_its_owners_alone_and_its_folder_everybodys_to_see() {
    let stage = Stage::new();
    let files = stage.files(&["a/b/config"]);
    files.edit(|config| config.set_context("new", SetContext::default())).await.unwrap();
    assert_eq!(mode(&stage.path("a/b/config")), 0o600);
    for folder in ["a", "a/b"] {
        assert_eq!(mode(&stage.path(folder)) | 0o022, 0o777, "0755, as far as the umask lets it");
    }
}

#[tokio::test]
async fn a_link_stays_a_link_even_if_it_leads_nowhere() {
    let stage = Stage::with_config();
    std::fs::create_dir(stage.path("far")).unwrap();
    symlink("../config", stage.path("far/link")).unwrap();
    stage.files(&["far/link"]).edit(|config| config.use_context("two")).await.unwrap();
    assert_eq!(stage.read("config"), changed());
    symlink("none", stage.path("dangling")).unwrap();
    let files = stage.files(&["dangling"]);
    files.edit(|config| config.set_context("new", SetContext::default())).await.unwrap();
    assert!(stage.read("none").contains("new"));
    for link in ["far/link", "dangling"] {
        assert!(stage.path(link).is_symlink());
    }
    assert_eq!(stage.names(), ["config", "dangling", "far", "none"]);
}

#[tokio::test]
async fn a_change_that_changes_nothing_writes_nothing() {
    let stage = Stage::with_config();
    let before = std::fs::metadata(stage.path("config")).unwrap().ino();
    let Changed { written, .. } =
        stage.config().edit(|config| config.use_context("one")).await.unwrap();
    assert_eq!(written, [""; 0]);
    assert_eq!(std::fs::metadata(stage.path("config")).unwrap().ino(), before);
}

#[tokio::test]
async fn who_does_not_care_for_locks_does_not_lose_either() {
    let stage = Stage::with_config();
    let path = stage.path("config");
    let theirs = "current-context: theirs\n";
    let files = stage.config();
    let overtaken = files.edit(move |config| {
        std::fs::write(&path, theirs).unwrap();
        config.use_context("two")
    });
    let error = overtaken.await.unwrap_err();
    assert!(matches!(&error, FileError::Overtaken { path } if *path == stage.path("config")));
    assert_eq!(stage.read("config"), theirs);
    assert_eq!(stage.names(), ["config"]);
}

#[tokio::test]
async fn either_all_files_are_written_or_none() {
    let stage = Stage::with_config();
    stage.write("other", "users: [{name: u, user: {}}]\n");
    let other = stage.path("other");
    let files = stage.files(&["config", "other"]);
    let failed = files.edit(move |config| {
        // Since it was read, it has become something that cannot be replaced.
        std::fs::remove_file(&other).unwrap();
        std::fs::create_dir(&other).unwrap();
        config.users.get_mut("u").unwrap().token = "t".into();
        config.use_context("two")
    });
    let error = failed.await.unwrap_err().to_string();
    assert!(error.contains("other") && error.contains("not a regular file"), "{error}");
    assert_eq!(stage.read("config"), CONFIG);
    assert_eq!(stage.names(), ["config", "other"]);
}

#[tokio::test]
async fn what_is_no_regular_file_is_neither_waited_for_nor_replaced() {
    let stage = Stage::with_config();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, stage.path("fifo"), kind, mode, 0).unwrap();
    std::fs::create_dir(stage.path("folder")).unwrap();
    for name in ["fifo", "folder"] {
        let files = stage.files(&[name, "config"]);
        let error = files.edit(|config| config.use_context("two")).await.unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("not a regular file"), "{error}");
    }
    assert_eq!(stage.names(), ["config", "fifo", "folder"]);
    assert_eq!(stage.read("config"), CONFIG);
}

#[tokio::test]
async fn a_draft_that_a_kill_has_left_is_cleared_away() {
    let stage = Stage::with_config();
    stage.write(".config.kubecred", "half of some");
    stage.config().edit(|config| config.use_context("two")).await.unwrap();
    assert_eq!(stage.names(), ["config"]);
    assert_eq!(stage.read("config"), changed());
}
