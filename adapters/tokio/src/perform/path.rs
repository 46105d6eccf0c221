//! Finding a program, as Go's `exec.LookPath` does.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The file to run for a program's name or path; `None` if there is none.
///
/// A name with a separator is a path. Another is looked up in *this* process's PATH, whatever the
/// plugin's own variables say (EX-12); if the first hit is through a relative or empty element of
/// PATH, there is none (EX-13): it would be a program from wherever we happen to be.
pub(super) fn resolve(program: &str) -> Option<String> {
    let found = if program.contains(std::path::is_separator) {
        executable(Path::new(program))?
    } else {
        let path = env::var_os("PATH")?;
        search(&path, program).filter(|hit| hit.is_absolute())?
    };
    found.into_os_string().into_string().ok()
}

fn search(path: &OsStr, program: &str) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    env::split_paths(path).find_map(|folder| executable(&folder.join(program)))
}

#[cfg(unix)]
fn executable(path: &Path) -> Option<PathBuf> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let may = file && accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).is_ok();
    may.then(|| path.to_owned())
}

/// As it is, or with one of the endings in PATHEXT (EX-14).
#[cfg(not(unix))]
fn executable(path: &Path) -> Option<PathBuf> {
    let endings = env::var("PATHEXT").unwrap_or_else(|_| ".COM;.EXE;.BAT;.CMD".into());
    let mut candidates = Vec::new();
    if path.extension().is_some() {
        candidates.push(path.to_owned());
    }
    candidates.extend(endings.split(';').filter(|e| !e.is_empty()).map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    }));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(folder: &Path, name: &str, mode: u32) {
        let path = folder.join(name);
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    }

    #[test]
    fn ex_12_the_first_executable_regular_file_on_path_is_it() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        program(a.path(), "plug", 0o644);
        program(b.path(), "plug", 0o755);
        std::fs::create_dir(a.path().join("folder")).unwrap();
        let path = env::join_paths([a.path(), b.path()]).unwrap();
        assert_eq!(search(&path, "plug"), Some(b.path().join("plug")));
        assert_eq!(search(&path, "folder"), None);
        assert_eq!(search(&path, "other"), None);
        assert_eq!(search(&path, ""), None);
    }

    #[test]
    fn ex_13_a_hit_through_a_relative_element_is_seen_as_one() {
        let from_here = env::current_dir().unwrap();
        let folder = tempfile::tempdir_in(&from_here).unwrap();
        program(folder.path(), "plug", 0o755);
        let relative = folder.path().strip_prefix(&from_here).unwrap();
        let path = env::join_paths([relative, folder.path()]).unwrap();
        let hit = search(&path, "plug").unwrap();
        assert!(!hit.is_absolute(), "the first hit decides, not the first good one: {hit:?}");
    }

    #[test]
    fn a_path_is_taken_as_one() {
        assert_eq!(resolve("/bin/sh").as_deref(), Some("/bin/sh"));
        assert_eq!(resolve("/bin"), None);
        assert_eq!(resolve("./no-such-program"), None);
    }
}
