//! What a file is after it was written: the same file to everybody, or the change says why not.
#![cfg(target_os = "linux")]

use kubecred_core::Secret;
use kubecred_core::protocol::WriteFile;
use kubecred_host::fs::{KubeconfigFiles, Placed, acquire, save, target};
use rustix::fs::{XattrFlags, getxattr, setxattr};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn write(path: &Path, contents: &str) -> Result<Placed, String> {
    let path = path.to_str().unwrap().into();
    let request = WriteFile { path, contents: contents.into(), mode: 0o600, replaces: None };
    save(&request).map_err(|failure| failure.to_string())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What is in a folder, so that nothing is left behind.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// An ACL as Linux stores it: the owner reads and writes, user 4242 reads, the group has nothing,
/// others have nothing, and the mask lets reading through.
fn acl() -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    let none = u32::MAX;
    for (tag, permissions, id) in
        [(0x01u16, 6u16, none), (0x02, 4, 4242), (0x04, 0, none), (0x10, 4, none), (0x20, 0, none)]
    {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut space = vec![0; 4096];
    let len = getxattr(path, name, space.as_mut_slice()).ok()?;
    space.truncate(len);
    Some(space)
}

#[test]
fn an_acl_stays_and_the_group_that_it_keeps_out_stays_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, "before").unwrap();
    setxattr(&path, ACCESS, &acl(), XattrFlags::empty()).expect("the file system has ACLs");
    let before = (attribute(&path, ACCESS), mode(&path));
    assert_eq!(write(&path, "after"), Ok(Placed::Replaced));
    assert_eq!((attribute(&path, ACCESS), mode(&path)), before);
    assert_eq!(fs::read_to_string(&path).unwrap(), "after");
}

#[test]
fn what_a_folder_gives_to_new_files_is_not_given_to_one_that_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, "before").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    setxattr(folder.path(), DEFAULT, &acl(), XattrFlags::empty()).expect("ACLs");
    assert_eq!(write(&path, "after"), Ok(Placed::Replaced));
    assert_eq!((attribute(&path, ACCESS), mode(&path)), (None, 0o640));
}

#[test]
fn extended_attributes_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, "before").unwrap();
    let values = [("user.note", vec![b'x'; 3000]), ("user.empty", Vec::new())];
    for (name, value) in &values {
        setxattr(&path, *name, value, XattrFlags::empty()).expect("user attributes");
    }
    assert_eq!(write(&path, "after"), Ok(Placed::Replaced));
    for (name, value) in values {
        assert_eq!(attribute(&path, name), Some(value), "{name}");
    }
}

#[test]
fn a_file_with_several_names_is_written_in_place_under_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("config"), folder.path().join("other"));
    fs::write(&path, "before and more").unwrap();
    fs::hard_link(&path, &other).unwrap();
    match write(&path, "after").unwrap() {
        Placed::InPlace(why) => assert!(why.contains("hard links"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "after");
    assert_eq!(fs::metadata(&path).unwrap().nlink(), 2);
    assert_eq!(names(folder.path()), ["config", "other"]);
}

#[test]
fn of_a_chain_of_links_that_leads_nowhere_the_last_target_is_made_and_links_stay() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    symlink("two", path("one")).unwrap();
    symlink(elsewhere.path().join("three"), path("two")).unwrap();
    symlink("missing", elsewhere.path().join("three")).unwrap();
    assert_eq!(write(&path("one"), "made"), Ok(Placed::Replaced));
    assert_eq!(fs::read_to_string(elsewhere.path().join("missing")).unwrap(), "made");
    assert_eq!(mode(&elsewhere.path().join("missing")), 0o600);
    for link in [path("one"), path("two"), elsewhere.path().join("three")] {
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{link:?}");
    }
    assert_eq!(names(folder.path()), ["one", "two"]);
    assert_eq!(names(elsewhere.path()), ["missing", "three"]);
    symlink("b", path("a")).unwrap();
    symlink("a", path("b")).unwrap();
    assert!(target(&path("a")).unwrap_err().to_string().contains("circle"));
    assert!(write(&path("a"), "x").unwrap_err().contains("circle"));
}

#[test]
fn a_file_that_is_named_twice_is_locked_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("real")).unwrap();
    symlink("real", path("alias")).unwrap();
    fs::write(path("real/one"), "{}").unwrap();
    symlink("one", path("real/two")).unwrap();
    symlink(path("alias/one"), path("three")).unwrap();
    let files = ["real/one", "alias/one", "real/two", "alias/two", "three"].map(path);
    let locks = acquire(&files, Duration::ZERO).unwrap();
    assert_eq!(locks.len(), 3, "of what is there: {:?}", names(&path("real")));
    for file in &files {
        acquire(std::slice::from_ref(file), Duration::ZERO).expect_err("it is locked");
    }
    drop(locks);
    assert_eq!(names(&path("real")), ["one", "two"]);
}

#[test]
fn a_mounted_file_on_a_full_disk_keeps_its_content() {
    if !is_inside() {
        return inside("a_mounted_file_on_a_full_disk_keeps_its_content");
    }
    let folder = tempfile::tempdir().unwrap();
    let (disk, path) = (folder.path().join("disk"), folder.path().join("config"));
    fs::create_dir(&disk).unwrap();
    let size = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
    assert!(Command::new("mount").args(size).arg(&disk).status().unwrap().success());
    let before = "before".repeat(500);
    fs::write(disk.join("config"), &before).unwrap();
    fs::write(&path, "").unwrap();
    mount(&disk.join("config"), &path);
    fs::write(disk.join("other"), vec![0; 64 << 10]).expect_err("the disk is full");
    let error = write(&path, &"after".repeat(5_000)).unwrap_err();
    assert!(error.contains("is as it was"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    // What needs no more room is written.
    write(&path, "after").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "after");
}

/// kubectl writes in place in any case, and needs no room for a second file.
#[test]
fn on_a_full_disk_a_file_is_written_in_place_if_that_needs_no_more_room() {
    if !is_inside() {
        return inside("on_a_full_disk_a_file_is_written_in_place_if_that_needs_no_more_room");
    }
    let disk = tempfile::tempdir().unwrap();
    let size = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
    assert!(Command::new("mount").args(size).arg(disk.path()).status().unwrap().success());
    let path = disk.path().join("config");
    let before = "before".repeat(500);
    fs::write(&path, &before).unwrap();
    fs::write(disk.path().join("other"), vec![0; 64 << 10]).expect_err("the disk is full");
    let error = write(&path, &"after".repeat(5_000)).unwrap_err();
    assert!(error.contains("No space left"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    for after in ["after".repeat(700), "after".to_owned()] {
        let placed = write(&path, &after).unwrap();
        let is_told = matches!(&placed, Placed::InPlace(why) if why.contains("no room"));
        assert!(is_told, "{placed:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
    }
    assert_eq!(names(disk.path()), ["config", "other"], "no draft and no lock is left");
    // A new file has nowhere to be.
    write(&disk.path().join("new"), &"new".repeat(5_000)).unwrap_err();
    assert_eq!(names(disk.path()), ["config", "other"]);
}

#[test]
fn a_long_name_is_no_obstacle_as_long_as_its_lock_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    for len in [1, 244, 245, 246, 250] {
        let path = folder.path().join("n".repeat(len));
        fs::write(&path, "before").unwrap();
        assert_eq!(write(&path, "after"), Ok(Placed::Replaced), "{len}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
    }
    assert_eq!(names(folder.path()).len(), 5, "no lock and no draft is left");
}

#[test]
fn what_a_kill_left_behind_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, "before").unwrap();
    fs::write(folder.path().join(".config.kubecred"), "half a dra").unwrap();
    assert_eq!(write(&path, "after"), Ok(Placed::Replaced));
    assert_eq!(names(folder.path()), ["config"]);
}

/// Where mounts can be made: a namespace of our own.
const INSIDE: &str = "KUBECRED_TEST_INSIDE_NAMESPACE";

/// Runs this test again, alone, as root of a namespace of its own.
fn inside(test: &str) {
    let this = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount"])
        .arg(this)
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare, of util-linux, is installed");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success() && said[0].contains("1 passed"), "{}", said.concat());
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

fn mount(from: &Path, to: &Path) {
    let status = Command::new("mount").arg("--bind").args([from, to]).status().unwrap();
    assert!(status.success(), "mount --bind");
}

#[test]
fn a_mounted_file_is_written_in_place_under_its_lock() {
    if !is_inside() {
        return inside("a_mounted_file_is_written_in_place_under_its_lock");
    }
    let folder = tempfile::tempdir().unwrap();
    let (host, path) = (folder.path().join("host"), folder.path().join("config"));
    for (before, after) in [("short", "a longer content"), ("a longer content", "short")] {
        fs::write(&host, before).unwrap();
        fs::write(&path, "").unwrap();
        mount(&host, &path);
        match write(&path, after).unwrap() {
            Placed::InPlace(why) => assert!(why.contains("cannot be replaced"), "{why}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read_to_string(&host).unwrap(), after, "through the mount");
        assert_eq!(names(folder.path()), ["config", "host"], "no lock and no draft is left");
        assert!(Command::new("umount").arg(&path).status().unwrap().success());
    }
}

#[test]
fn a_change_of_a_mounted_kubeconfig_says_that_it_was_written_in_place() {
    if !is_inside() {
        return inside("a_change_of_a_mounted_kubeconfig_says_that_it_was_written_in_place");
    }
    let folder = tempfile::tempdir().unwrap();
    let (host, path) = (folder.path().join("host"), folder.path().join("config"));
    fs::write(&host, "contexts: [{name: prod, context: {cluster: c}}] # ours\n").unwrap();
    fs::write(&path, "").unwrap();
    mount(&host, &path);
    let path = path.to_str().unwrap();
    let changed = KubeconfigFiles::at(path).edit(|config| config.use_context("prod")).unwrap();
    assert_eq!(changed.written, [path]);
    assert_eq!(changed.in_place.len(), 1);
    let text = fs::read_to_string(&host).unwrap();
    assert!(text.contains("current-context: prod") && text.contains("# ours"), "{text}");
}

#[test]
fn a_file_in_a_folder_that_cannot_be_locked_is_not_written_in_place() {
    if !is_inside() {
        return inside("a_file_in_a_folder_that_cannot_be_locked_is_not_written_in_place");
    }
    let folder = tempfile::tempdir().unwrap();
    let (real, file) = (folder.path().join("real"), folder.path().join("file"));
    fs::create_dir(&real).unwrap();
    fs::write(real.join("config"), "before").unwrap();
    fs::write(&file, "before").unwrap();
    mount(&real, &real);
    let read_only = ["-o", "remount,ro,bind"];
    assert!(Command::new("mount").args(read_only).arg(&real).status().unwrap().success());
    mount(&file, &real.join("config")); // may be written to, and has no folder for its lock
    assert!(acquire(&[real.join("config")], Duration::ZERO).unwrap().is_empty());
    assert!(write(&real.join("config"), "after").is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "before");
}

#[test]
fn secrets_are_never_in_a_file_that_others_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let request = |mode| WriteFile {
        path: path.to_str().unwrap().into(),
        contents: Secret::from("hush"),
        mode,
        replaces: None,
    };
    save(&request(0o600)).unwrap();
    assert_eq!(mode(&path), 0o600);
    for kept in [0o400u32, 0o640, 0o604, 0o600] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
        let written = save(&request(0o666));
        assert!(written.is_ok() || kept == 0o400, "{kept:o}: {written:?}");
        assert_eq!(mode(&path), kept, "it keeps its own mode");
    }
}
