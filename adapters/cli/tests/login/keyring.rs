//! Refresh tokens in a keyring: a real gnome-keyring on a bus of its own, and everything that can be
//! wrong with one. `secret-tool`, which is not ours, says what is in it.
//!
//! Needs Debian's gnome-keyring, libsecret-tools, dbus-daemon and dbus-bin.

use crate::lines::Lines;
use crate::place::{Ended, Place, log_in_with, run, start};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A session bus with a keyring that was unlocked by its password. Both end with their test.
struct Bus {
    session: Child,
    address: String,
    daemon: Pid,
    folder: TempDir,
}

/// Prints the address of the bus, then the process id of the keyring; ends with standard input.
const SESSION: &str = "\
echo \"$DBUS_SESSION_BUS_ADDRESS\"
printf secret | gnome-keyring-daemon --foreground --unlock --components=secrets >&2 &
echo $!
cat >/dev/null
kill $!";

const SERVICE: &str = "org.freedesktop.secrets";

/// Asks the bus, which starts nothing for that.
const HAS_OWNER: [&str; 6] = [
    "--session",
    "--print-reply",
    "--dest=org.freedesktop.DBus",
    "/org/freedesktop/DBus",
    "org.freedesktop.DBus.NameHasOwner",
    "string:org.freedesktop.secrets",
];

impl Bus {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let runtime = folder.path().join("run");
        fs::DirBuilder::new().mode(0o700).create(&runtime).expect("the folder is ours");
        let mut session = Command::new("dbus-run-session");
        session.args(["--", "sh", "-c", SESSION]).env_clear();
        session.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        session.env("HOME", folder.path()).env("XDG_RUNTIME_DIR", &runtime);
        session.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut session = start(&mut session);
        let lines = Lines::of(session.stdout.take());
        let address = lines.next().expect("dbus-run-session gives an address");
        let daemon = lines.next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
        let daemon = daemon.expect("a process");
        let bus = Self { session, address, daemon, folder };
        // Whoever asks for the name before it is taken makes the bus start another keyring, which is
        // locked. So the bus is asked first who has it.
        Self::wait_until("gnome-keyring takes its name", || {
            bus.run(&mut bus.clean("dbus-send", &HAS_OWNER)).stdout.contains("boolean true")
        });
        // It is up once it keeps what it is given.
        let stored = "printf %s x | secret-tool store --label=x is up";
        Self::wait_until("gnome-keyring keeps an item", || {
            bus.run(&mut bus.clean("sh", &["-c", stored])).is_good()
        });
        bus
    }

    fn wait_until(what: &str, holds: impl Fn() -> bool) {
        let begin = std::time::Instant::now();
        while !holds() {
            assert!(begin.elapsed() < crate::lines::PATIENCE, "never: {what}");
        }
    }

    fn clean(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("HOME", self.folder.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, command: &mut Command) -> Ended {
        run(self.give(command))
    }

    /// Lets a program use this bus.
    fn give<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address)
    }

    /// What the keyring has under this key.
    fn item(&self, key: &str) -> Option<String> {
        let lookup = ["lookup", "service", "kubecred", "username", key];
        let found = self.run(&mut self.clean("secret-tool", &lookup));
        found.is_good().then_some(found.stdout)
    }

    fn lock(&self) {
        let call = [
            "--session",
            "--print-reply",
            &format!("--dest={SERVICE}"),
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ];
        let locked = self.run(&mut self.clean("dbus-send", &call));
        assert!(locked.good().contains("collection/login"), "{locked:?}");
    }

    /// From now on it hears and answers nothing.
    fn stop(&self) {
        kill_process(self.daemon, Signal::STOP).expect("it is ours");
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = kill_process(self.daemon, Signal::CONT); // it may have ended
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}

/// The name of the cache entry and of the keyring item.
fn key(status: &Ended) -> String {
    let line = status.good().lines().find_map(|line| line.strip_prefix("cache key"));
    line.expect("status shows it").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_95_the_refresh_token_lives_in_gnome_keyring_and_a_cached_run_never_asks_it() {
    let (place, bus) = (Place::new(3600).await, Bus::start());
    let login = log_in_with(&place, &[], |command| {
        bus.give(command);
    });
    assert!(!login.stderr.contains("keyring"), "{login:?}");
    let token = login.token();
    let status = run(&mut place.kubecred("status", &[]));
    assert!(status.good().contains("in the keyring"), "{status:?}");
    let key = key(&status);
    let refresh = bus.item(&key).expect("it is in the keyring");
    assert!(!refresh.is_empty());
    for entry in place.cached() {
        assert!(!entry.contains(&refresh), "the refresh token is in a file");
    }

    // A bus that answers nothing, and remembers who came.
    let socket = place.path("bus");
    let listener = UnixListener::bind(&socket).expect("the folder is ours");
    listener.set_nonblocking(true).expect("it can be");
    let mut cached_run = place.kubecred("get-token", &[]);
    cached_run.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
    assert_eq!(run(&mut cached_run).token(), token);
    let came = listener.accept().map(|_| "asked").map_err(|error| error.kind());
    assert_eq!(came, Err(std::io::ErrorKind::WouldBlock));

    // A refresh reads it, and puts the rotated one in its place (LG-86).
    // Its token may be the first one to the letter: a refresh keeps the nonce, times are whole seconds,
    // and such a signature has nothing random in it.
    let refreshed = bus.run(&mut place.kubecred("get-token", &["--force-refresh"])).token();
    assert_eq!(run(&mut place.kubecred("get-token", &[])).token(), refreshed);
    assert_eq!((place.provider.grants("refresh_token"), place.opened().len()), (1, 1));
    let rotated = bus.item(&key).expect("it is in the keyring");
    assert_ne!(rotated, refresh);

    let logout = bus.run(&mut place.kubecred("logout", &[]));
    assert_eq!(logout.good(), "Logged out.\n", "{logout:?}");
    assert_eq!(bus.item(&key), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_95_with_the_storage_keyring_no_token_is_in_a_file() {
    let (place, bus) = (Place::new(3600).await, Bus::start());
    let storage = "--token-cache-storage=keyring";
    let login = log_in_with(&place, &[storage], |command| {
        bus.give(command);
    });
    let token = login.token();
    for entry in place.cached() {
        assert!(!entry.contains(&token), "the token is in a file");
    }
    let again = bus.run(&mut place.kubecred("get-token", &[storage]));
    assert_eq!((again.token(), again.stderr.as_str()), (token, ""));
    let status = bus.run(&mut place.kubecred("status", &[storage]));
    assert!(bus.item(&key(&status)).is_some_and(|item| item.contains("refresh_token")));
    assert!(status.good().contains("in the keyring"), "{status:?}");
}

/// The login succeeds, with one notice that says this; the refresh token is in a file then, and a
/// refresh says nothing any more.
async fn without_a_keyring(notice: &str, bus: Option<&Bus>) {
    let place = Place::new(3600).await;
    let give = |command: &mut Command| {
        if let Some(bus) = bus {
            bus.give(command);
        }
    };
    let login = log_in_with(&place, &[], give);
    assert!(!login.token().is_empty());
    let notices: Vec<&str> = login.stderr.lines().filter(|line| line.contains("keyring")).collect();
    assert_eq!(notices.len(), 1, "{login:?}");
    assert!(notices[0].contains(notice), "{notices:?}");
    assert!(place.cached().iter().any(|entry| entry.contains("refresh_token")));
    for file in fs::read_dir(place.path(".kube/cache/kubecred/login")).expect("it is there") {
        let mode = file.expect("it is ours").metadata().expect("it is ours").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mut refresh = place.kubecred("get-token", &["--force-refresh"]);
    give(&mut refresh);
    let refreshed = run(&mut refresh);
    assert_eq!((refreshed.code, refreshed.stderr.as_str()), (Some(0), ""), "{refreshed:?}");
    assert_eq!((place.provider.grants("refresh_token"), place.opened().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_96_without_a_bus_the_refresh_token_is_kept_in_a_file_with_one_notice() {
    without_a_keyring("no session bus", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_96_a_locked_keyring_is_as_none_with_one_notice() {
    let bus = Bus::start();
    bus.lock();
    without_a_keyring("the keyring is locked", Some(&bus)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_96_a_keyring_that_never_answers_costs_two_seconds_and_is_as_none() {
    let bus = Bus::start();
    bus.stop();
    without_a_keyring("has not answered within 2 s", Some(&bus)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_115_a_logout_that_cannot_reach_its_keyring_says_so_and_forgets_nothing() {
    let (place, bus) = (Place::new(3600).await, Bus::start());
    log_in_with(&place, &[], |command| {
        bus.give(command);
    });
    bus.lock();
    let logout = bus.run(&mut place.kubecred("logout", &[]));
    assert_eq!((logout.code, logout.stdout.as_str()), (Some(1), ""), "{logout:?}");
    assert!(logout.stderr.contains("the keyring is locked"), "{logout:?}");
    assert!(run(&mut place.kubecred("status", &[])).good().contains("in the keyring"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kernels_keys_are_a_keyring_where_they_may_be_used() {
    let place = Place::new(3600).await;
    let flags = ["--token-cache-storage=keyring", "--keyring=kernel"];
    let login = log_in_with(&place, &flags, |_| {});
    let token = login.token();
    if login.stderr.contains("may not be used here") {
        // A container that forbids them: as no keyring, and a file is not written in its place.
        assert!(place.cached().iter().all(|entry| !entry.contains(&token)), "{login:?}");
        return;
    }
    assert!(!login.stderr.contains("keyring"), "{login:?}");
    assert!(place.cached().iter().all(|entry| !entry.contains(&token)));
    assert_eq!(run(&mut place.kubecred("get-token", &flags)).token(), token);
    assert_eq!(run(&mut place.kubecred("logout", &flags)).good(), "Logged out.\n");
    assert_eq!(run(&mut place.kubecred("status", &flags)).code, Some(3));
}
