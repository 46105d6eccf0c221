//! Where we mean to differ from kubectl, each with its reason. All the rest is held to agree.

use crate::beside::run;
use crate::folder::{EVERYTHING, Ended, Folder, Program};

fn both(line: &str) -> ((Folder, Ended), (Folder, Ended)) {
    let files = [("config", EVERYTHING)];
    (run(Program::Kubecred, line, &files, "config"), run(Program::Kubectl, line, &files, "config"))
}

/// A change is an addition to somebody's file, not a new file.
#[test]
fn comments_and_order_and_unknown_fields_stay() {
    let before =
        EVERYTHING.replace("    tls-server-name: t\n", "    tls-server-name: t\n    colour: red\n");
    let files = [("config", before.as_str())];
    let (ours, _) = run(Program::Kubecred, "set-cluster c --proxy-url=http://p", &files, "config");
    let (theirs, _) = run(Program::Kubectl, "set-cluster c --proxy-url=http://p", &files, "config");
    let (ours, theirs) = (ours.read("config").unwrap(), theirs.read("config").unwrap());
    let added: Vec<_> = ours.lines().filter(|line| !before.contains(line)).collect();
    assert_eq!(added, ["    proxy-url: http://p"]);
    assert_eq!(ours.lines().count(), before.lines().count() + 1);
    for lost in ["# ours", "# the first", "# a plugin", "colour: red"] {
        assert!(ours.contains(lost) && !theirs.contains(lost), "{lost}");
    }
}

/// Without its `./` the command would be looked up on PATH (row 8 of what kubectl does oddly).
#[test]
fn a_command_beside_the_file_keeps_its_folder() {
    let ((ours, _), (theirs, _)) = both("set-credentials u --exec-command=./z");
    let command =
        |folder: &Folder| folder.view("config")["users"][2]["user"]["exec"]["command"].clone();
    assert_eq!((command(&ours), command(&theirs)), ("./z".into(), "z".into()));
}

/// kubectl takes the empty path for that of the working directory.
#[test]
fn an_empty_path_takes_the_path_out() {
    for line in
        ["set-credentials b --client-certificate=", "set-cluster filed --certificate-authority="]
    {
        let ((ours, ended), (theirs, _)) = both(line);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let path = |folder: &Folder| {
            let view = folder.view("config");
            let set = [
                &view["clusters"][2]["cluster"]["certificate-authority"],
                &view["users"][0]["user"]["client-certificate"],
            ];
            set.map(|path| path.as_str().map(str::to_owned))
        };
        assert!(path(&ours).contains(&None), "{line}");
        assert!(path(&theirs).contains(&Some(".".into())), "{line}");
    }
}

/// kubectl takes the field out, as if nothing had happened.
#[test]
fn what_cannot_be_read_is_not_embedded() {
    let ((ours, we), (_, they)) = both("set-cluster c --certificate-authority=/ --embed-certs");
    assert_eq!((we.code, they.code), (Some(3), Some(0)), "{we:?}");
    assert!(we.stderr.contains("cannot read the file \"/\" of --certificate-authority"), "{we:?}");
    assert_eq!(ours.read("config").unwrap(), EVERYTHING);
}

/// kubectl says that it has set them, and sets nothing; or sets something that is in no file.
#[test]
fn what_cannot_be_set_is_not_said_to_be() {
    for line in ["set kind Foo", "set apiVersion v2", "unset kind", "set clusters.c.- x"] {
        let ((ours, we), (_, they)) = both(line);
        assert_eq!((we.code, they.code), (Some(3), Some(0)), "{line}: {we:?}");
        assert_eq!(ours.read("config").unwrap(), EVERYTHING);
    }
}

/// kubectl makes an entry that has no name.
#[test]
fn an_entry_has_a_name() {
    let ((ours, we), (_, they)) = both("set contexts..namespace n");
    assert_eq!((we.code, they.code), (Some(3), Some(0)), "{we:?}");
    assert_eq!(ours.read("config").unwrap(), EVERYTHING);
}

/// kubectl dies, with a dump of its stack.
#[test]
fn extensions_are_more_than_a_value() {
    for line in ["set clusters.c.extensions.e x", "unset clusters.c.extensions.e"] {
        let ((ours, we), (_, they)) = both(line);
        assert_eq!((we.code, they.code), (Some(3), Some(2)), "{line}: {we:?}");
        assert_eq!(ours.read("config").unwrap(), EVERYTHING);
    }
}

/// kubectl says the same and that is all; a wrong field is easily mistaken for a name.
#[test]
fn what_was_not_there_is_said_on_standard_error() {
    let ((_, we), (_, they)) = both("unset users.u.as");
    assert_eq!((we.code, &we.stdout), (they.code, &they.stdout));
    assert_eq!(we.stderr, "warning: there was no \"users.u.as\"\n");
    assert_eq!(they.stderr, "");
}

/// kubectl prints its help and is content.
#[test]
fn a_name_that_is_not_given_is_an_error() {
    for line in ["delete-context", "delete-context a b", "delete-cluster"] {
        let ((_, we), (_, they)) = both(line);
        assert_eq!((we.code, they.code), (Some(2), Some(0)), "{line}: {we:?}");
    }
}

/// kubectl names the default file, wherever the entry was.
#[test]
fn a_deleted_entry_is_said_to_be_from_its_own_file() {
    let files = [
        ("one", "contexts: [{name: a, context: {}}]"),
        ("two", "contexts: [{name: b, context: {}}]"),
    ];
    let (_, we) = run(Program::Kubecred, "delete-context b", &files, "one:two");
    let (_, they) = run(Program::Kubectl, "delete-context b", &files, "one:two");
    assert_eq!(
        (we.stdout.as_str(), they.stdout.as_str()),
        ("deleted context b from two\n", "deleted context b from one\n")
    );
}

/// kubectl has them for its other commands only.
#[test]
fn short_flags_work() {
    let ((ours, we), (_, they)) = both("set-context dev -n short");
    assert_eq!((we.code, they.code), (Some(0), Some(1)), "{we:?}");
    assert_eq!(ours.view("config")["contexts"][1]["context"]["namespace"], "short");
}

/// kubectl prints the argument, and with it a secret that lost its name.
#[test]
fn no_message_has_a_secret_in_it() {
    const SECRET: &str = "hunter2";
    for line in [
        "set-credentials p --auth-provider-arg=hunter2",
        "set-credentials p --auth-provider-arg=client-secret=\"hunter2",
        "set-credentials x --exec-env=hunter2",
        "set-credentials u --token=hunter2 --password=hunter2",
        "set users.u.client-key-data hunter2!",
        "set users.u.exec hunter2",
        "set users.nobody hunter2",
        "set clusters.c.disable-compression hunter2",
        "set bogus hunter2",
        "-v set-credentials u --token=hunter2",
        "-v set users.u.password hunter2",
    ] {
        let ((_, we), _) = both(line);
        assert!(!we.stderr.contains(SECRET) && !we.stdout.contains(SECRET), "{line}: {we:?}");
        assert!(!we.stderr.is_empty(), "{line}");
    }
}
