//! The rules that an explanation names, for people who meet an id in `-o json` or with `-v`.

/// Each rule id with its sentence.
///
/// ```
/// use kubecred_core::kubeconfig::explain::RULES;
///
/// assert!(RULES.iter().any(|(id, _)| *id == "KC-32"));
/// ```
pub const RULES: &[(&str, &str)] = &[
    (
        "KC-1",
        "With an explicit path (--kubeconfig), only that file is read: neither KUBECONFIG nor ~/.kube/config.",
    ),
    (
        "KC-2",
        "Without an explicit path, the files in KUBECONFIG are read; if it is unset or empty, ~/.kube/config.",
    ),
    (
        "KC-3",
        "An empty KUBECONFIG is treated as unset. A KUBECONFIG that has only separators names no file; ~/.kube/config is not read then.",
    ),
    (
        "KC-5",
        "The paths in KUBECONFIG are used literally: no trimming, no `~` or variables, no globbing.",
    ),
    (
        "KC-8",
        "Missing files are skipped. There is a notice only if none of the files in KUBECONFIG exists; there is none for a missing ~/.kube/config.",
    ),
    (
        "KC-9",
        "A file that cannot be read or decoded is an error that names it; the other files are still read, and all errors are reported together.",
    ),
    (
        "KC-20",
        "Unknown fields are ignored; field names are case-sensitive, except `apiVersion` and `kind`.",
    ),
    ("KC-21", "If a mapping has a key twice, the last value is used."),
    (
        "KC-22",
        "`apiVersion` and `kind` may be missing; an unknown version, group or kind is an error.",
    ),
    (
        "KC-24",
        "Scalars have YAML 1.1 types: unquoted `yes` and `1_000` are not strings, quoted `\"true\"` is not a boolean, a date is a string.",
    ),
    (
        "KC-27",
        "Two entries with one name in one list are an error, which shows the whole entry, including tokens; a null extension does not count as an entry.",
    ),
    (
        "KC-28",
        "`*-data` fields are standard base64 with padding; line breaks are ignored, spaces are errors.",
    ),
    (
        "KC-32",
        "If several files have an entry with one name, the first file's entry is used, even if it is empty; fields of entries are not merged.",
    ),
    (
        "KC-33",
        "For settings outside of entries, such as current-context, the first value that is not empty is used.",
    ),
    (
        "KC-36",
        "Relative paths of CA, certificate, key and token files, and of commands with a separator, are relative to the kubeconfig's folder.",
    ),
    (
        "KC-39",
        "A command without a path separator is looked up in PATH; on Windows only `\\` is a separator.",
    ),
    ("KC-41", "The context is that of the override (--context), otherwise current-context."),
    (
        "KC-42",
        "Cluster and user are those of the overrides (--cluster, --user), otherwise those of the context.",
    ),
    (
        "KC-43",
        "A context, cluster or user that an override names must exist; this is checked first, in the order user, context, cluster.",
    ),
    ("KC-44", "If the user of the context does not exist, requests are anonymous."),
    (
        "KC-45",
        "If the cluster of the context does not exist, that counts as an empty configuration.",
    ),
    ("KC-46", "If the current context does not exist, the error names it."),
    ("KC-47", "Without a current context none is selected, even if there is only one."),
    ("KC-48", "All problems are reported together, as one error of its own type."),
    (
        "KC-51",
        "A cluster without any field counts as an empty configuration; if only its server is missing, the error says so.",
    ),
    (
        "KC-52",
        "A proxy-url has the scheme http, https or socks5, in upper or lower case; it may contain a user name.",
    ),
    ("KC-53", "A CA file together with CA data is an error."),
    ("KC-54", "A CA file that cannot be opened is an error that names it."),
    (
        "KC-56",
        "Errors: a client certificate or key given both as a file and as data, a certificate without a key, and files that cannot be opened. A key without a certificate is ignored.",
    ),
    (
        "KC-57",
        "A literal token together with a user name or password is an error; no other combination is checked here.",
    ),
    (
        "KC-58",
        "An exec plugin needs command, apiVersion, names for its variables and a valid interactiveMode; an auth-provider beside it, or an invalid plugin policy, is an error.",
    ),
    ("KC-59", "An impersonated uid, group or extra without a user to impersonate is an error."),
    ("KC-60", "An empty configuration is an error of its own type."),
    (
        "KC-62",
        "A non-empty override replaces the setting; lists and plugins are replaced as a whole, maps are merged by key.",
    ),
    ("KC-63", "CA file, CA data and insecure-skip-tls-verify are replaced together."),
    (
        "KC-64",
        "An overriding server removes the TLS server name, unless that is overridden too; the CA is kept.",
    ),
    (
        "KC-65",
        "An overriding client certificate replaces both the file and the data; so does an overriding key.",
    ),
    ("KC-69", "A timeout is a number of seconds or a Go duration; empty and 0 mean no timeout."),
    (
        "KC-70",
        "The server's URL is used as given; but if it has a path, query and fragment are removed.",
    ),
    (
        "KC-71",
        "A server whose URL is not https, or has no scheme, gets no credentials and no TLS settings; impersonation, proxy, compression and timeout still apply.",
    ),
    (
        "KC-72",
        "The path of the server's URL is put before every path; host:port gets a default scheme, and with a path it is an error.",
    ),
    (
        "KC-73",
        "Compression, proxy and timeout are taken from the kubeconfig; without a proxy-url the proxy of the environment is used.",
    ),
    ("KC-74", "If nothing else names a server, kubectl uses KUBERNETES_MASTER."),
    (
        "KC-78",
        "If the configuration is empty, the pod's service account is used, and its error is reported; outside of a pod the empty configuration is the error.",
    ),
    ("KC-82", "An overriding namespace is used without any check, and is marked as overridden."),
    ("KC-83", "Without an override the namespace is that of the context, or `default`."),
    (
        "KC-86",
        "Files are rewritten in place; new ones have mode 0600 and their folders 0755, existing ones keep their mode.",
    ),
    (
        "UA-1",
        "If the caller sets an Authorization header, it is sent, and no credential is fetched.",
    ),
    (
        "UA-2",
        "A token, token file or password takes precedence over an auth-provider and an exec plugin; a client certificate is used in addition.",
    ),
    (
        "UA-3",
        "A plugin is not run if there is a token, a token file, a user name, or a client certificate with its key.",
    ),
    ("UA-4", "An auth-provider beside a token is looked up, but not used."),
    (
        "UA-5",
        "A user name together with a token or token file is an error when the connection is made.",
    ),
    (
        "UA-7",
        "A token file takes precedence over a literal token, also over `--token`, once it has been read.",
    ),
    (
        "UA-8",
        "A token file without a literal token must be readable from the start; with one it may be missing.",
    ),
    ("UA-10", "Basic authentication needs a user name; a password without one is not sent."),
    ("UA-20", "Impersonation has an effect only with a user to impersonate."),
    (
        "UA-21",
        "User, uid, groups and extras are sent in headers of their own: groups in order, and one header line for each value.",
    ),
    ("UA-30", "`tls-server-name` is asked for and verified; otherwise the host is."),
    ("UA-31", "A CA together with insecure-skip-tls-verify is an error when TLS is set up."),
    (
        "UA-32",
        "A given CA replaces the system's trusted roots; if it contains no certificate, that is an error. Without a CA the system's roots are used.",
    ),
    ("UA-33", "With an empty CA file no server is trusted."),
    (
        "UA-34",
        "TLS 1.2 is the minimum; a certificate without a key, or a key without a certificate, is not presented; a pair that does not match is an error.",
    ),
    (
        "EX-1",
        "The plugin's apiVersion must be exactly client.authentication.k8s.io/v1 or /v1beta1.",
    ),
    ("EX-2", "After the version, the plugin policy is checked."),
    (
        "EX-20",
        "interactiveMode Never, IfAvailable or Always decides whether the plugin gets standard input, depending on whether that is a terminal and is not used otherwise.",
    ),
    ("EX-42", "If the program is not in PATH, the error has a help text and the installHint."),
    (
        "EX-83",
        "The policy is checked before each run, after interactiveMode; with DenyAll the error names the command.",
    ),
    (
        "IC-4",
        "In a pod the server is https and host:port, with an IPv6 address in brackets (doubled if it has brackets already).",
    ),
    (
        "IC-5",
        "In a pod the CA file is read again while it is used; if it contains no certificate, the system's trusted roots are used.",
    ),
    (
        "IC-8",
        "In a pod the namespace is POD_NAMESPACE, that of the service account's file, or `default`.",
    ),
    (
        "TK-3",
        "A token file's content is trimmed and must not be empty; it is not checked otherwise.",
    ),
    (
        "OI-1",
        "The auth-provider oidc needs issuer and client id; secret, CA, tokens and scopes are optional.",
    ),
    (
        "OI-11",
        "An id-token that is not a JWT is an error; signature, issuer and audience are not checked.",
    ),
    ("OI-12", "An id-token is used until ten seconds before its `exp`."),
    ("OI-30", "An auth-provider with an unknown name is an error."),
    ("HT-4", "The token is sent unchanged; one that an HTTP header cannot carry is an error."),
    ("KB-21", "--token keeps a plugin from running; a client certificate is still used."),
    (
        "KB-60",
        "kuberc is the file of --kuberc, of KUBERC, or ~/.kube/kuberc; if the default file is invalid, it is ignored together with its policy.",
    ),
    (
        "KB-61",
        "kuberc is a stream of YAML documents; the first valid Preference is used, and strict decoding errors are warnings.",
    ),
    ("KB-63", "The policy of kuberc has an effect only on connections with an exec plugin."),
];
