//! Stopping what a process has started, where it has no group of its own.

/// Ends the descendants of a process, which itself is stopped, so that it starts no more.
#[cfg(target_os = "linux")]
pub(super) fn stop(process: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    let send = |process: u32, signal| {
        if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, signal); // it may have ended by itself
        }
    };
    // Each is stopped before its children are looked for: a stopped process starts none.
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        send(parent, Signal::STOP);
        let mut more = children(parent);
        more.retain(|child| !found.contains(child));
        found.append(&mut more);
        next += 1;
    }
    for descendant in found.into_iter().skip(1) {
        send(descendant, Signal::KILL);
    }
}

/// Other systems do not say in files who started whom.
#[cfg(not(target_os = "linux"))]
pub(super) fn stop(_process: u32) {}

/// Those whose parent this is, of all processes that `/proc` has.
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|number| parent_of(*number) == Some(parent)).collect()
}

/// The fourth field of `stat`; the second, the program's name, may hold blanks and parentheses.
#[cfg(target_os = "linux")]
fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(1)?.parse().ok()
}
