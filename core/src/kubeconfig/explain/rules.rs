//! The rules that an explanation names, for people who meet an id in `-o json` or with `-v`.

/// Each rule id with its sentence.
///
/// ```
/// use kubecred_core::kubeconfig::explain::RULES;
///
/// assert!(RULES.iter().any(|(id, _)| *id == "KC-32"));
/// ```
pub const RULES: &[(&str, &str)] = &[
    ("KC-1", "An explicit path is loaded alone: neither KUBECONFIG nor the home file is read."),
    (
        "KC-2",
        "Otherwise a non-empty KUBECONFIG is the chain of files, without the home file; otherwise the home file is.",
    ),
    (
        "KC-3",
        "An empty KUBECONFIG is an unset one; one of separators alone names no file and does not fall back to the home file.",
    ),
    ("KC-5", "Elements are used as they stand: no trimming, no `~` or variables, no globbing."),
    (
        "KC-8",
        "Missing files of a chain are passed over; only a KUBECONFIG of which no file was there is worth a notice, a missing home file never.",
    ),
    (
        "KC-9",
        "Any other failure to read or decode names its file; the rest is still read and all failures are told together.",
    ),
    ("KC-20", "Unknown fields are ignored; case matters, but not for `apiVersion` and `kind`."),
    ("KC-21", "Of equal keys in a mapping the last one wins."),
    (
        "KC-22",
        "`apiVersion` and `kind` may be missing; another version, group or kind is an error.",
    ),
    (
        "KC-24",
        "Scalars have the types of YAML 1.1: unquoted `yes` or `1_000` is no string, quoted `\"true\"` no boolean, a date is a string.",
    ),
    (
        "KC-27",
        "The same name twice in one list is an error, which shows the whole entry, tokens and all; a null extension does not reserve its name.",
    ),
    ("KC-28", "`*-data` is standard base64 with padding; line breaks are ignored, spaces are not."),
    ("KC-32", "The first file wins, entry by entry, and even an empty entry masks a later one."),
    ("KC-33", "Of settings outside of entries the first that is not empty wins."),
    (
        "KC-36",
        "Relative paths of CA, certificate, key and token file, and of commands with a separator, start at the folder of their own file.",
    ),
    (
        "KC-39",
        "A command without a separator is looked up on PATH; on Windows only `\\` counts as one.",
    ),
    ("KC-41", "The context is the override's, or else the current one."),
    ("KC-42", "Cluster and user are the override's, or else the context's."),
    (
        "KC-43",
        "What an override names must exist, checked before all else: user, then context, then cluster.",
    ),
    ("KC-44", "A context whose user does not exist is anonymous."),
    ("KC-45", "A context whose cluster does not exist counts as no configuration."),
    ("KC-46", "A current context that does not exist is an error that names it."),
    ("KC-47", "Without a context nothing is selected; a lone one is not selected by itself."),
    ("KC-48", "All problems are reported, as one error of a kind that can be told from others."),
    (
        "KC-51",
        "A cluster of which nothing is set is no configuration; one that lacks only its server says so.",
    ),
    (
        "KC-52",
        "A proxy is an http, https or socks5 URL, whatever the case of its scheme; it may name a user.",
    ),
    ("KC-53", "A CA file beside CA data is an error."),
    ("KC-54", "A CA file that cannot be opened is an error that names it."),
    (
        "KC-56",
        "A client certificate or key in both forms, a certificate without a key, and files that cannot be opened are errors; a lone key is nothing.",
    ),
    (
        "KC-57",
        "A literal token beside a user name or password is an error; nothing else conflicts here.",
    ),
    (
        "KC-58",
        "An exec stanza needs command, apiVersion, names of variables and a known interactiveMode, excludes an auth-provider, and must go with a sound plugin policy.",
    ),
    ("KC-59", "Impersonated uid, groups or extras without a user are an error."),
    ("KC-60", "An empty configuration is an error of its own."),
    (
        "KC-62",
        "A setting of an override that is not empty replaces; lists and plugins replace whole, maps merge by key.",
    ),
    ("KC-63", "CA file, CA data and insecure replace each other as a whole."),
    ("KC-64", "Another server drops the TLS server name, unless that is given too; the CA stays."),
    ("KC-65", "A client certificate given by either form replaces both, and so does a key."),
    ("KC-69", "A timeout is seconds or a Go duration; empty and 0 are none."),
    ("KC-70", "The server is taken as it stands, but with a path it loses query and fragment."),
    (
        "KC-71",
        "A server that is not https, or has no scheme, gets no credentials and no TLS settings; impersonation, proxy, compression and timeout stay.",
    ),
    (
        "KC-72",
        "The server's path is a prefix of every path; host:port has a default scheme, and with a path it is an error.",
    ),
    (
        "KC-73",
        "Compression, proxy and timeout are taken over; without a proxy-url the environment says the proxy.",
    ),
    ("KC-74", "kubectl's server of last resort is KUBERNETES_MASTER."),
    (
        "KC-78",
        "Otherwise the pod's account is used if there is one, and its error is final; without one the first result stands.",
    ),
    (
        "KC-82",
        "An overriding namespace wins without anything being checked, and says that it was asked for.",
    ),
    ("KC-83", "Otherwise it is the context's, or `default`."),
    (
        "KC-86",
        "Files are rewritten in place; new ones have mode 0600 and their folders 0755, existing ones keep their mode.",
    ),
    (
        "UA-1",
        "An Authorization header of the caller's goes before everything, and no credential is fetched for it.",
    ),
    (
        "UA-2",
        "A token, token file or password goes before auth-provider and plugin; a client certificate goes with any of them.",
    ),
    (
        "UA-3",
        "A plugin is not run beside a token, token file, user name or whole client certificate.",
    ),
    ("UA-4", "An auth-provider beside a token is looked up, and never used."),
    ("UA-5", "A user name beside a token or token file is an error when the connection is made."),
    (
        "UA-7",
        "A token file goes before a literal token once it could be read, even before `--token`.",
    ),
    (
        "UA-8",
        "A token file alone must be readable from the start; beside a literal token it may be missing.",
    ),
    ("UA-10", "Basic authentication needs a user name; a password alone sends nothing."),
    ("UA-20", "Impersonation counts only with a user to impersonate."),
    (
        "UA-21",
        "User, uid, groups and extras each have their header, groups in order, one line for each value.",
    ),
    ("UA-31", "A CA beside insecure-skip-tls-verify is an error when TLS is set up."),
    (
        "UA-32",
        "A CA that is given is the only one trusted; what holds no certificate is an error; without one the system's are trusted.",
    ),
    ("UA-33", "An empty CA file trusts no server."),
    (
        "UA-34",
        "TLS 1.2 at least; half a pair presents nothing; a pair that does not match is an error.",
    ),
    ("EX-1", "The version is client.authentication.k8s.io/v1 or /v1beta1, and exactly that."),
    ("EX-2", "The plugin policy is checked next."),
    (
        "EX-20",
        "Never, IfAvailable and Always decide with the terminal, and with whether standard input is free.",
    ),
    ("EX-42", "A program that PATH does not have is told with help and the install hint."),
    (
        "EX-83",
        "The policy is enforced at each run, after interactivity; DenyAll names the command.",
    ),
    (
        "IC-4",
        "The server is https and host:port, IPv6 in brackets, twice if they are there already.",
    ),
    ("IC-5", "A CA file is followed; without a certificate in it, the system's roots are trusted."),
    ("IC-8", "The namespace is POD_NAMESPACE, the file's, or `default`."),
    ("TK-3", "Its content is trimmed, must not be empty, and is not looked into."),
    ("OI-1", "Issuer and client id are required; secret, CA, tokens and scopes are not."),
    (
        "OI-11",
        "An id-token that is no JWT is an error; signature, issuer and audience are not looked at.",
    ),
    ("OI-12", "It is used until ten seconds before its `exp`."),
    ("OI-30", "An auth-provider of an unknown name is an error."),
    ("HT-4", "The token is sent as it is; one that no header can carry is refused."),
    ("KB-21", "--token keeps a plugin from running, and goes along with a client certificate."),
    (
        "KB-60",
        "kuberc: --kuberc, KUBERC, or home; a default file that is broken is passed over with its policy.",
    ),
    (
        "KB-61",
        "kuberc: a stream of YAML documents, of which the first Preference counts; strictness only warns.",
    ),
    ("KB-63", "kuberc: the policy matters to connections with a plugin alone."),
];
