//! kubectl's locks: taken, heeded, given back.

use crate::stage::{CONFIG, Stage};
use kubecred_tokio::kubeconfig_file::FileError;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[tokio::test]
async fn kc_87_every_file_of_the_list_is_locked_while_one_changes() {
    let stage = Stage::with_config();
    stage.write("real", "");
    std::os::unix::fs::symlink("real", stage.path("link")).unwrap();
    let locks = ["link.lock", "real.lock", "config.lock", "deep/er/none.lock"];
    let paths: Vec<PathBuf> = locks.iter().map(|lock| stage.path(lock)).collect();
    let files = stage.files(&["link", "config", "deep/er/none"]);
    let changed = files.edit(move |config| {
        let missing: Vec<_> = paths.into_iter().filter(|path| !path.is_file()).collect();
        config.use_context("two").map(|()| missing)
    });
    let changed = changed.await.unwrap();
    assert_eq!(changed.value, [""; 0].map(PathBuf::from));
    assert!(!locks.iter().any(|lock| stage.has(lock)));
    // The file that is there takes the current context, and the folder of the other is there now.
    assert_eq!(changed.written, [stage.path("link").to_str().unwrap()]);
    assert_eq!(stage.names(), ["config", "deep", "link", "real"]);
}

#[tokio::test]
async fn kc_87_locks_are_given_back_after_an_error_and_a_panic() {
    let stage = Stage::with_config();
    let files = stage.config();
    let refused = files.edit(|config| config.use_context("three")).await;
    assert!(matches!(refused, Err(FileError::Refused(_))));
    assert_eq!(stage.names(), ["config"]);

    let panicked =
        tokio::spawn(async move { files.edit(|_| -> Result<(), ()> { panic!() }).await });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(stage.names(), ["config"]);

    stage.write("config", "contexts: 7");
    let broken = stage.config().edit(|config| config.use_context("one")).await;
    assert!(matches!(broken, Err(FileError::Config(_))));
    assert_eq!(stage.names(), ["config"]);
}

#[tokio::test]
async fn kc_87_a_change_that_is_given_up_while_it_waits_is_not_made_later() {
    let stage = Stage::with_config();
    stage.write("config.lock", "");
    let files = stage.config();
    let waiting = tokio::spawn(async move { files.edit(|config| config.use_context("two")).await });
    tokio::time::sleep(Duration::from_millis(50)).await; // it has looked a few times
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    std::fs::remove_file(stage.path("config.lock")).unwrap();
    stage.config().edit(|config| config.delete_context("two")).await.unwrap();
    assert_eq!(stage.read("config"), CONFIG.replace("- {name: two, context: {}}\n", ""));
    assert_eq!(stage.names(), ["config"]);
}

/// I: kubectl fails if it finds one, and would say no more than that it exists.
#[tokio::test]
async fn kc_87_who_left_a_lock_and_when_is_told() {
    let stage = Stage::with_config();
    let mut child = Command::new("true").spawn().expect("true is needed on PATH");
    let ended = child.id();
    child.wait().unwrap();
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_str().unwrap();
    let user = rustix::process::getuid().as_raw();
    let ourselves = std::process::id();
    for (left, stale, who) in [
        (
            format!("kubecred {ended} {machine}\n"),
            true,
            format!("process {ended}, which has ended"),
        ),
        (format!("kubecred {ourselves} {machine}\n"), false, format!("process {ourselves}:")),
        (
            format!("kubecred {ended} elsewhere\n"),
            false,
            format!("process {ended} of \"elsewhere\""),
        ),
        (String::new(), false, format!("user {user}:")),
        ("theirs".into(), false, format!("user {user}:")),
    ] {
        stage.write("config.lock", &left);
        let lock = std::fs::File::options().write(true).open(stage.path("config.lock")).unwrap();
        let written = lock.metadata().unwrap().modified().unwrap();
        lock.set_modified(written - Duration::from_secs(5)).unwrap();
        let files = stage.config().wait_at_most(Duration::ZERO);
        let FileError::Locked(locked) =
            files.edit(|config| config.use_context("two")).await.unwrap_err()
        else {
            panic!("{left}");
        };
        assert_eq!(locked.path, stage.path("config.lock"));
        assert_eq!(locked.is_stale(), stale, "{left}");
        assert!(locked.age.is_some_and(|age| age.as_secs() >= 5), "{locked:?}");
        let said = locked.to_string();
        assert!(said.contains(&who) && said.contains(" ago by "), "{said}");
        assert!(said.ends_with("remove it"), "{said}");
        assert_eq!((stage.read("config.lock"), stage.read("config")), (left, CONFIG.into()));
    }
}

/// I: kubectl would fail for ever; we do so at once, and say why.
#[tokio::test]
async fn kc_87_a_lock_of_long_ago_is_not_waited_for() {
    let stage = Stage::with_config();
    stage.write("config.lock", "");
    let lock = std::fs::File::options().write(true).open(stage.path("config.lock")).unwrap();
    lock.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    // Waiting for it would take longer than any test runs.
    let files = stage.config().wait_at_most(Duration::from_secs(24 * 3600));
    let error = files.edit(|config| config.use_context("two")).await.unwrap_err();
    assert!(matches!(&error, FileError::Locked(locked) if locked.is_stale()), "{error:?}");
    assert!(error.to_string().contains(" days ago"), "{error}");
}

#[tokio::test]
async fn kc_87_kubectl_stays_out_while_we_change_a_file() {
    let stage = Stage::with_config();
    let path = stage.path("config");
    let files = stage.config();
    let changed = files.edit(move |config| {
        let theirs = Command::new(kubecred_kubectl::kubectl())
            .args(["config", "set-context", "theirs", "--kubeconfig"])
            .arg(&path)
            .output()
            .expect("kubectl can be run");
        config.use_context("two").map(|()| theirs)
    });
    let theirs = changed.await.unwrap().value;
    let said = String::from_utf8_lossy(&theirs.stderr);
    assert!(!theirs.status.success() && said.contains("config.lock: file exists"), "{said}");
    assert!(stage.read("config").contains("current-context: two"));
}

#[tokio::test]
async fn kc_87_of_many_changes_at_a_time_none_is_lost() {
    let stage = Stage::with_config();
    let changes = (0..30).map(|number| {
        let files = stage.config();
        tokio::spawn(async move {
            let set = kubecred_core::kubeconfig::edit::SetContext::default();
            files.edit(move |config| config.set_context(&format!("n{number}"), set)).await.unwrap()
        })
    });
    for change in changes.collect::<Vec<_>>() {
        assert!(change.await.unwrap().value, "it is a new one");
    }
    let chain = stage.config().read().await.unwrap();
    assert_eq!(chain.config().contexts.len(), 32);
    assert!(stage.read("config").starts_with(CONFIG));
    assert_eq!(stage.names(), ["config"]);
}
