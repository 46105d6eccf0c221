//! Finding a program, as Go's `exec.LookPath` does.

use kubecred_core::{Failure, FailureKind};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The file to run for a program's name or path; `None` if there is none.
///
/// A name with a separator is a path. Another is looked up in *this* process's PATH, whatever the
/// plugin's own variables say (EX-12); if the first hit is through a relative or empty element of
/// PATH, there is none (EX-13): it would be a program of the current working directory.
///
/// A program in a folder whose name is not UTF-8 is not found.
pub fn find_program(program: &str) -> Option<String> {
    look_up(program).ok()
}

/// As [`find_program`], with the reason if there is none.
///
/// # Errors
/// [`FailureKind::NotFound`] if there is no such program, [`FailureKind::Other`] for a file that is
/// there and cannot be run, which is not a missing program (EX-43), [`FailureKind::Unsupported`] for
/// a program in a folder whose name is not UTF-8.
pub fn look_up(program: &str) -> Result<String, Failure> {
    let found = if program.contains(std::path::is_separator) {
        executable(Path::new(program))
    } else {
        let path = env::var_os("PATH");
        path.and_then(|path| search(&path, program)).filter(|hit| hit.is_absolute())
    };
    match found.map(|path| path.into_os_string().into_string()) {
        Some(Ok(path)) => Ok(path),
        Some(Err(_)) => {
            let why = "it is in a folder of PATH whose name is not UTF-8; give its path";
            Err(Failure::new(FailureKind::Unsupported, why))
        }
        None => Err(why_not(program)),
    }
}

fn why_not(program: &str) -> Failure {
    match std::fs::metadata(program) {
        Ok(file) if program.contains(std::path::is_separator) => {
            let why = match file.is_dir() {
                true => "it is a folder",
                false => "the file is not an executable program",
            };
            Failure::new(FailureKind::Other, why)
        }
        _ => Failure::new(FailureKind::NotFound, "executable not found"),
    }
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

#[cfg(not(unix))]
fn executable(path: &Path) -> Option<PathBuf> {
    // The endings that Windows itself knows are ASCII; others cannot be those of a program here.
    let endings = env::var_os("PATHEXT").unwrap_or_default();
    spellings(path, &endings.to_string_lossy()).into_iter().find(|candidate| candidate.is_file())
}

/// The files that a path may mean on Windows, in the order in which they are looked for: itself, if
/// it has an ending, and with each of the endings in PATHEXT (EX-14).
#[cfg(any(test, not(unix)))]
fn spellings(path: &Path, endings: &str) -> Vec<PathBuf> {
    let endings = if endings.is_empty() { ".com;.exe;.bat;.cmd" } else { endings };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut spellings = Vec::new();
    if name.contains('.') {
        spellings.push(path.to_owned());
    }
    spellings.extend(endings.split(';').filter(|ending| !ending.is_empty()).map(|ending| {
        let mut name = path.as_os_str().to_owned();
        if !ending.starts_with('.') {
            name.push(".");
        }
        name.push(ending.to_lowercase());
        PathBuf::from(name)
    }));
    spellings
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

    /// I: client-go looks into the working directory first, and refuses what it finds there; here
    /// that directory does not matter to a name.
    #[test]
    fn ex_14_on_windows_endings_are_tried_in_order_and_a_name_means_path_alone() {
        let all = |path: &str, endings: &str| -> Vec<String> {
            let spellings = spellings(Path::new(path), endings);
            spellings.iter().map(|path| path.to_str().unwrap().to_owned()).collect()
        };
        let usual = ["plug.com", "plug.exe", "plug.bat", "plug.cmd"];
        assert_eq!(all("plug", ""), usual);
        assert_eq!(all("d.d/plug", ".EXE;;ps1"), ["d.d/plug.exe", "d.d/plug.ps1"]);
        assert_eq!(all("plug.exe", ".EXE"), ["plug.exe", "plug.exe.exe"]);
        assert_eq!(all("plug.v2", ".COM"), ["plug.v2", "plug.v2.com"]);
        let here = tempfile::NamedTempFile::new_in(env::current_dir().unwrap()).unwrap();
        let name = here.path().file_name().unwrap().to_str().unwrap();
        program(&env::current_dir().unwrap(), name, 0o755);
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(search(elsewhere.path().as_os_str(), name), None);
        assert!(search(env::current_dir().unwrap().as_os_str(), name).is_some());
    }

    #[test]
    fn a_path_is_taken_as_one() {
        assert_eq!(find_program("/bin/sh").as_deref(), Some("/bin/sh"));
        assert_eq!(find_program("/bin"), None);
        assert_eq!(find_program("./no-such-program"), None);
        let why = |program| look_up(program).map_err(|failure| failure.kind);
        assert_eq!(why("./no-such-program"), Err(FailureKind::NotFound));
        assert_eq!(why("no-such-program"), Err(FailureKind::NotFound));
        assert_eq!(why("/bin"), Err(FailureKind::Other), "it is there");
        assert_eq!(why("/etc/passwd"), Err(FailureKind::Other), "it is there");
    }
}
