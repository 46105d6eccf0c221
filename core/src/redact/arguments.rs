//! A plugin's command line, which may hold anything: what is shown of it is known to be no secret.

use super::{is_separator, split_at_first, url};
use alloc::borrow::Cow;
use alloc::string::String;

/// The command of a plugin: a name or a path.
pub fn command(command: &str) -> Cow<'_, str> {
    words(command)
}

/// A command's arguments on one line. Of a flag the value is shown only if its name says that it is
/// a name, a place or the like (`--cluster-name prod`), and if it consists of words and numbers;
/// other words are shown unless what stands before them may be what they belong to.
///
/// ```
/// use kubecred_core::redact;
///
/// let line = redact::arguments(["eks", "get-token", "--cluster-name", "prod", "--pin", "4711"]);
/// assert_eq!(line, "eks get-token --cluster-name prod --pin ***");
/// ```
pub fn arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    let mut before = Meaning::Switch;
    for argument in arguments {
        if !line.is_empty() {
            line.push(' ');
        }
        let is_flag = argument.starts_with('-');
        // A password may begin with a hyphen, and looks like no long flag.
        let is_value = match before {
            Meaning::Secret => !is_long_flag(argument),
            Meaning::Unknown => !is_flag,
            Meaning::Name | Meaning::Switch => false,
        };
        if is_value {
            line.push_str("***");
            before = Meaning::Switch;
            continue;
        }
        let whose = core::mem::replace(&mut before, Meaning::Switch);
        match (argument, is_flag) {
            ("", _) => line.push_str("''"),
            (_, true) => before = flag(argument, &mut line),
            _ if whose == Meaning::Name => line.push_str(&value(argument)),
            _ => before = word(argument, &mut line),
        }
    }
    line
}

/// What the name of a flag, a variable or a word says of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A secret.
    Secret,
    /// The name of something, or where it is found.
    Name,
    /// Nothing follows.
    Switch,
    /// It may be anything.
    Unknown,
}

impl Meaning {
    fn of(name: &str) -> Self {
        const SECRET: [&str; 8] =
            ["token", "secret", "passw", "passphrase", "pwd", "apikey", "credential", "assertion"];
        const SECRET_PARTS: [&str; 12] = [
            "auth", "bearer", "code", "cookie", "header", "jwt", "key", "otp", "pass", "pin", "pw",
            "tok",
        ];
        const PLACE: [&str; 8] =
            ["file", "path", "dir", "url", "uri", "endpoint", "cache", "storage"];
        const NAME: [&str; 31] = [
            "account",
            "address",
            "audience",
            "cluster",
            "config",
            "context",
            "domain",
            "environment",
            "flow",
            "format",
            "host",
            "issuer",
            "location",
            "login",
            "method",
            "mode",
            "name",
            "org",
            "output",
            "port",
            "profile",
            "project",
            "provider",
            "proxy",
            "region",
            "resource",
            "role",
            "scope",
            "server",
            "version",
            "zone",
        ];
        const NAME_PARTS: [&str; 7] = ["f", "id", "n", "o", "r", "type", "v"];
        const SWITCH: [&str; 10] = [
            "allow-", "debug", "disable-", "enable-", "force", "insecure", "no-", "quiet", "skip-",
            "verbose",
        ];
        let name = name.trim_start_matches('-').to_ascii_lowercase();
        let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let has = |parts: &[&str]| name.split(['-', '_', '.']).any(|part| parts.contains(&part));
        match () {
            () if PLACE.iter().any(|place| name.ends_with(place)) => Self::Name,
            () if holds(&SECRET) || has(&SECRET_PARTS) => Self::Secret,
            () if SWITCH.iter().any(|start| name.starts_with(start)) => Self::Switch,
            () if holds(&NAME) || has(&NAME_PARTS) => Self::Name,
            () => Self::Unknown,
        }
    }
}

/// Shows a flag, and says what its name means for the next argument.
fn flag(flag: &str, line: &mut String) -> Meaning {
    let (name, rest) = split_at_first(flag, '=');
    let meaning = Meaning::of(name);
    // What follows a single hyphen may be a letter and its value.
    let known = match is_long_flag(name) {
        true => true,
        false => is_letter(name) || (meaning != Meaning::Unknown && is_plain(name)),
    };
    line.push_str(if known { name } else { "***" });
    match (rest.strip_prefix('='), meaning) {
        // `-v6` has its value already.
        (None, _) if is_letter(name) && name.len() > 2 => {}
        (None, meaning) => return meaning,
        (Some(given), Meaning::Name) => line.extend(["=", &*value(given)]),
        (Some("true" | "false"), Meaning::Switch) => line.push_str(rest),
        _ => line.push_str("=***"),
    }
    Meaning::Switch
}

/// Shows a word that is no flag and follows none, and says what it means for the next argument.
fn word(word: &str, line: &mut String) -> Meaning {
    let (name, rest) = split_at_first(word, '=');
    let meaning = Meaning::of(name);
    if word.contains("://") {
        line.push_str(&words(word));
    } else if let Some(rest) = rest.strip_prefix('=') {
        let is_variable = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        match is_plain(name) && (is_variable || meaning != Meaning::Unknown) {
            true if meaning == Meaning::Name => line.extend([name, "=", &*value(rest)]),
            true => line.extend([name, "=***"]),
            false => line.push_str("***"),
        }
    } else if meaning == Meaning::Secret && !is_verb(word) {
        line.push_str(if is_plain(word) { word } else { "***" });
        return Meaning::Secret;
    } else if has_odd_case(word) || word.contains(char::is_whitespace) {
        line.push_str("***");
    } else {
        line.push_str(&words(word));
    }
    Meaning::Switch
}

/// `get-token`: what is done, rather than what follows.
fn is_verb(word: &str) -> bool {
    const VERBS: [&str; 9] =
        ["create", "credentials", "exec", "fetch", "generate", "get", "issue", "print", "token"];
    let mut parts = word.split('-');
    parts.clone().count() > 1 && parts.any(|part| VERBS.contains(&part)) || word == "credentials"
}

/// The value of what is named for a name.
fn value(text: &str) -> Cow<'_, str> {
    let mut sizes = text.split('-').map(str::len);
    let is_uuid = [8, 4, 4, 4, 12].into_iter().all(|size| sizes.next() == Some(size))
        && sizes.next().is_none()
        && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if is_uuid { Cow::Borrowed(text) } else { words(text) }
}

/// What consists of words and numbers, or is a URL. A plugin may be given anything.
fn words(text: &str) -> Cow<'_, str> {
    let is_separator = |c: char| is_separator(c) || matches!(c, '-' | '_' | '.' | '+' | '{' | '}');
    if text.contains("://") {
        Cow::Owned(url(text))
    } else if text.split(is_separator).all(is_word) {
        super::text(text)
    } else {
        Cow::Borrowed("***")
    }
}

/// Letters, with a number before or after them: `prod`, `west1`, `2a`, `123456789012`.
fn is_word(part: &str) -> bool {
    if ["v1alpha1", "v1beta1"].contains(&part) {
        return true;
    }
    let kinds = part.chars().map(|c| c.is_ascii_digit());
    let changes = kinds.clone().zip(kinds.skip(1)).filter(|(one, next)| one != next).count();
    part.len() <= 32 && changes <= 2
}

/// `--cluster-name`, `--v`.
fn is_long_flag(argument: &str) -> bool {
    let (name, _) = split_at_first(argument, '=');
    name.strip_prefix("--").is_some_and(|name| name.is_empty() || is_plain(name))
}

/// `-v`, `-v6`.
fn is_letter(flag: &str) -> bool {
    let mut bytes = flag.bytes().skip(1);
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && { bytes }.all(|byte| byte.is_ascii_digit())
        && flag.len() <= 3
}

/// Letters of one case, hyphens and underscores, as names of flags and variables have them.
fn is_plain(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    let letters = || name.chars().filter(|c| !matches!(c, '-' | '_' | '.'));
    name.len() <= 48
        && (letters().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            || letters().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()))
        && letters().filter(char::is_ascii_digit).count() <= 3
}

/// Whether a part of it has capitals elsewhere than at its start.
fn has_odd_case(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        let rest = part.get(1..).unwrap_or_default();
        rest.contains(|c: char| c.is_ascii_uppercase())
            && part.contains(|c: char| c.is_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(given: &[&str]) -> String {
        arguments(given.iter().copied())
    }

    #[test]
    fn arguments_are_shown_without_the_values_of_secrets() {
        for (given, expected) in [
            (
                &["--client-secret=hush", "--oidc-issuer=https://me:hush@h"][..],
                "--client-secret=*** --oidc-issuer=https://***@h",
            ),
            (&["--token", "hush", "x"], "--token *** x"),
            (&["--password", "--verbose", "x"], "--password --verbose x"),
            (&["get", "canary-7b1f4c0d9e", "-r", "eu-west-1a"], "get *** -r eu-west-1a"),
            (
                &["0aB1cD2eF3", "arn:aws:iam::123456789012:role/x"],
                "*** arn:aws:iam::123456789012:role/x",
            ),
            (&["--set", "password=hush", "PASSWORD=hush"], "--set *** PASSWORD=***"),
            (&["--env=TOKEN=hush"], "--env=***"),
        ] {
            assert_eq!(shown(given), expected);
        }
    }

    /// Whatever the flag is called, and wherever the value stands.
    #[test]
    fn no_value_is_shown_that_may_be_a_secret() {
        for given in [
            &["--pass", "hunter"][..],
            &["--security-token", "hunter"],
            &["--profile-password", "hunter"],
            &["--force-token", "hunter"],
            &["-p", "hunter"],
            &["-phunter"],
            &["--pw=hunter"],
            &["--key", "hunter"],
            &["--api-key", "hunter"],
            &["--auth", "hunter"],
            &["--bearer", "hunter"],
            &["--otp", "hunter"],
            &["--pin", "hunter"],
            &["--jwt", "hunter"],
            &["--sa", "hunter"],
            &["--tok", "hunter"],
            &["-u", "bob:hunter"],
            &["--user", "bob:hunter"],
            &["--header", "Authorization: Basic", "hunter=="],
            &["--header", "Authorization: Basic", "dXNlcjpodW50ZXI="],
            &["PASSWORD=hunter"],
            &["X=hunter"],
            &["--set", "password=hunter"],
            &["--set=password=hunter"],
            &["--env=TOKEN=hunter"],
            &["password", "hunter"],
            &["secret", "-hunter"],
            &["--passwd hunter"],
            &["-c", "export TOKEN=hunter; x"],
            &["export TOKEN=hunter; x"],
            &["--password", "-hunter"],
            &["--password", "-hunter", "--verbose"],
            &["/password:hunter"],
            &["-Dpassword=hunter"],
            &["--TOKEN", "hunter"],
            &["-hunter1"],
            &["hUnter1"],
            &["--verbose=hunter"],
        ] {
            let line = shown(given).to_lowercase();
            assert!(!line.contains("hunter") && !line.contains("dxnl"), "{given:?}: {line}");
            assert!(line.contains("***"), "{given:?}: {line}");
        }
    }

    /// The command lines that clouds and people write.
    #[test]
    fn the_usual_command_lines_are_shown_whole() {
        for given in [
            &["--region", "us-east-1", "eks", "get-token", "--cluster-name", "prod"][..],
            &["eks", "get-token", "--role-arn", "arn:aws:iam::123456789012:role/x"],
            &["get-token", "--login", "azurecli", "--environment", "AzurePublicCloud"],
            &["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"],
            &["oidc-login", "get-token", "--oidc-issuer-url=https://idp.example/realm"],
            &["get-token", "--oidc-client-id=kubernetes", "--oidc-extra-scope=email", "-v1"],
            &["kubernetes", "cluster", "kubeconfig", "exec-credential", "--version=v1beta1"],
            &["kube", "credentials", "--kube-cluster=a", "--proxy=teleport.example:443"],
            &["credential", "--kubeconfig=/etc/login.kubeconfig", "--context", "admin"],
            &["create-token", "deployer", "-o=exec-credential", "-n", "prod"],
            &["token", "--server=rancher.example", "--token-cache-dir=/a", "''"],
            &["--no-verify-ssl", "eks", "get-token", "--output=json", "--verbose=true"],
        ] {
            assert_eq!(shown(given), given.join(" "));
        }
    }
}
