//! Files of odd shapes: whatever the text, the change is the one that was wanted, and kubectl agrees.

use kubecred_core::kubeconfig::edit::Rewritten;
use kubecred_core::kubeconfig::{ClusterEntry, UserEntry, search};
use kubecred_core::{Environment, Kubeconfig, Secret};

use crate::kubectl::{view, without_empties};

/// Makes a change and gives the new text; kubectl has to find in it what was wanted.
fn changed(text: &[u8], change: &dyn Fn(&mut Kubeconfig)) -> (Vec<u8>, Rewritten) {
    let environment = Environment::new([("KUBECONFIG", "/f/config")]).in_directory("/f");
    let chain = search(None, &environment).open([Ok(Secret::from(text.to_vec()))]).expect("sound");
    let mut wanted = chain.config().clone();
    change(&mut wanted);
    let show = || String::from_utf8_lossy(text).into_owned();
    let changes = chain.changes(&wanted).unwrap_or_else(|error| panic!("{error}: {}", show()));
    let new = changes[0].contents.expose().to_vec();
    let expected = without_empties(view(wanted.to_yaml().unwrap().expose()));
    assert_eq!(without_empties(view(&new)), expected, "{}", show());
    (new, changes[0].rewritten)
}

#[track_caller]
fn check(text: &str, change: impl Fn(&mut Kubeconfig), expected: &str) {
    let (new, rewritten) = changed(text.as_bytes(), &change);
    assert_eq!(String::from_utf8(new).unwrap(), expected);
    assert_eq!(rewritten, Rewritten::Fields);
}

fn token(name: &'static str) -> impl Fn(&mut Kubeconfig) {
    move |config| config.users.get_mut(name).expect("a user").token = "new".into()
}

fn add_user(config: &mut Kubeconfig) {
    config.users.insert("new".into(), UserEntry { token: "t".into(), ..Default::default() });
}

#[test]
fn lists_that_are_not_there_are_made() {
    let user = "users:\n- name: new\n  user:\n    token: t\n";
    for (text, expected) in [
        ("apiVersion: v1\n", "apiVersion: v1\nusers:\n- name: new\n  user:\n    token: t\n"),
        (
            "users: null # none\nkind: Config\n",
            "users: # none\n- name: new\n  user:\n    token: t\nkind: Config\n",
        ),
        ("users: ~\n", user),
        ("users:\n", user),
        ("users: []\n", user),
        ("users: [ ] # none\n", "users: # none\n- name: new\n  user:\n    token: t\n"),
        ("---\n# nothing\n", "---\nusers:\n- name: new\n  user:\n    token: t\n# nothing\n"),
        ("# nothing\n", "# nothing\nusers:\n- name: new\n  user:\n    token: t\n"),
        ("a: b", "a: b\nusers:\n- name: new\n  user:\n    token: t"),
        (
            "{}",
            "{\n  \"users\": [\n    {\n      \"name\": \"new\",\n      \"user\": {\n        \"token\": \"t\"\n      }\n    }\n  ]\n}",
        ),
        ("{users: null}\n", "{users: [{name: new, user: {token: t}}]}\n"),
        (
            "users:\n    - name: a\n      user: {}\n",
            "users:\n    - name: a\n      user: {}\n    - name: new\n      user:\n        token: t\n",
        ),
    ] {
        check(text, add_user, expected);
    }
}

#[test]
fn a_file_without_content_becomes_one_of_kubectl_s_kind() {
    for text in ["", "\n", "  \n\n"] {
        let (new, _) = changed(text.as_bytes(), &add_user);
        let expected = "apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: \"\"\nkind: Config\nusers:\n- name: new\n  user:\n    token: t\n";
        assert_eq!(String::from_utf8(new).unwrap(), expected);
    }
}

#[test]
fn bodies_and_items_that_are_not_there_are_made() {
    check("users:\n- name: a\n", token("a"), "users:\n- name: a\n  user:\n    token: new\n");
    check(
        "users:\n- name: a\n  user:\n",
        token("a"),
        "users:\n- name: a\n  user:\n    token: new\n",
    );
    check(
        "users:\n- name: a\n  user: ~\n",
        token("a"),
        "users:\n- name: a\n  user:\n    token: new\n",
    );
    check("users: [{name: a}]\n", token("a"), "users: [{name: a, user: {token: new}}]\n");
    check("users:\n- # nameless\n", token(""), "users:\n- user:\n    token: new # nameless\n");
    check("users:\n-\n- name: b\n", token(""), "users:\n- user:\n    token: new\n- name: b\n");
}

const SHARED: &str = "\
x-base: &base # for all
  token: one
  as: somebody
users:
- name: ann
  user: *base
- name: bob
  user:
    <<: *base
    token: two # of bob
- &cid
  name: cid
  user: &user {token: three}
- name: dan
  user: *user
";

fn shared(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(SHARED.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

#[test]
fn an_edit_through_an_alias_changes_nobody_else() {
    let own = ("user: *base\n", "user:\n    token: new\n    as: somebody\n");
    check(SHARED, token("ann"), &shared(&[own]));
    check(SHARED, token("bob"), &shared(&[("two", "new")]));
    check(SHARED, token("dan"), &shared(&[("user: *user", "user:\n    token: new")]));
    // Whose content others share: they get a copy.
    let copy = ("user: *user", "user:\n    token: three");
    check(SHARED, token("cid"), &shared(&[("{token: three}", "{token: new}"), copy]));
    let gone = ("- &cid\n  name: cid\n  user: &user {token: three}\n", "");
    check(SHARED, |config| config.delete_user("cid").unwrap(), &shared(&[gone, copy]));
    // What a merge key brings cannot be taken out of the line that it stands on.
    let own = ("    <<: *base\n    token: two # of bob\n", "    token: two # of bob\n");
    let change = |config: &mut Kubeconfig| {
        config.users.get_mut("bob").unwrap().impersonate_user.clear();
    };
    check(SHARED, change, &shared(&[own]));
}

#[test]
fn what_follows_the_document_and_how_it_is_encoded_stays() {
    let text = "%YAML 1.1\n--- # one\nusers: [{name: a}]\n--- # two\nusers: [{name: b}]\n";
    check(text, token("a"), &text.replace("{name: a}", "{name: a, user: {token: new}}"));
    let crlf = "users:\r\n- name: a\r\n  user:\r\n    token: x # c\r\n";
    check(
        crlf,
        |config| config.users.get_mut("a").unwrap().username = "name".into(),
        &(crlf.to_owned() + "    username: name\r\n"),
    );
    let utf16 = |text: &str| -> Vec<u8> {
        "\u{FEFF}"
            .chars()
            .chain(text.chars())
            .map(u32::from)
            .flat_map(|c| (c as u16).to_le_bytes())
            .collect()
    };
    let (new, _) = changed(&utf16("users: [{name: \u{e9}, user: {token: x}}]"), &token("\u{e9}"));
    assert_eq!(new, utf16("users: [{name: \u{e9}, user: {token: new}}]"));
}

#[test]
fn keys_that_are_there_twice_and_secrets_in_text_blocks() {
    let twice = "users:\n- name: a\n  user:\n    token: one\n    token: two # counts\n";
    check(twice, token("a"), &twice.replace("two", "new"));
    let block = "clusters:\n- name: c\n  cluster:\n    certificate-authority-data: |\n      aGVs\n      bG8=\n    server: s\n";
    let change = |config: &mut Kubeconfig| {
        config.clusters.get_mut("c").unwrap().certificate_authority_data = "hi".into();
    };
    check(block, change, &block.replace("|\n      aGVs\n      bG8=", "aGk="));
    let last = "clusters:\n- name: c\n  cluster:\n    certificate-authority-data: |\n      aGk=\n\n# end\n";
    let change =
        |config: &mut Kubeconfig| config.clusters.get_mut("c").unwrap().server = "s".into();
    check(last, change, &last.replace("aGk=\n", "aGk=\n    server: s\n"));
}

/// Where single fields cannot be changed the entry is written anew, and the rest stays.
#[test]
fn what_stands_in_the_way_costs_no_more_than_its_entry() {
    let text = "# head\nusers:\n- name: a # c\n  user:\n    ? token\n    : x\n    as: z\n# of b\n- name: b\n";
    let change =
        |config: &mut Kubeconfig| config.users.get_mut("a").unwrap().token = Secret::default();
    let (new, rewritten) = changed(text.as_bytes(), &change);
    assert_eq!(rewritten, Rewritten::Entries);
    let expected = "# head\nusers:\n- name: a\n  user:\n    as: z\n# of b\n- name: b\n";
    assert_eq!(String::from_utf8(new).unwrap(), expected);
}

#[test]
fn an_empty_change_writes_nothing() {
    for text in ["", "# c\n", SHARED, "users: null", "{\"users\": []}"] {
        let environment = Environment::new([("KUBECONFIG", "/f/config")]);
        let chain = search(None, &environment).open([Ok(Secret::from(text))]).unwrap();
        assert_eq!(chain.changes(chain.config()), Ok(vec![]));
        let mut config = chain.config().clone();
        config.clusters.insert("c".into(), ClusterEntry::default());
        config.clusters.remove("c");
        assert_eq!(chain.changes(&config), Ok(vec![]));
    }
}
