//! What `--help` teaches.

pub(crate) const ABOUT: &str =
    "Log in to a Kubernetes API server as kubectl does, and use the login or hand it on";

pub(crate) const PROGRAM: &str = "\
Examples:
  kubecred demo
  kubecred get /version
  kubecred credential --context prod -o token
  kubecred config use-context prod

kubectl's flags, --context, --server, --token, --as and the rest, go before or after the command;
kubecred get --help lists them.

Exit codes:
    0  done: the server answered with a status of 200 to 299
    1  the server answered, and it said no
    2  the command line is not to be understood
    3  no usable configuration: a kubeconfig is missing, broken, incomplete or locked
    4  no credential: a login plugin failed, a token or key cannot be read
    5  the server cannot be reached: network, TLS or proxy
    6  it took longer than --request-timeout
    7  standard output cannot be written
  130  interrupted

Environment:
  KUBECONFIG           kubeconfig files, separated by a colon (a semicolon on Windows); of
                       entries with one name the first counts. Unset: ~/.kube/config
  KUBERC               kubectl's file of preferences, of which only credentialPluginPolicy and
                       credentialPluginAllowlist count here; off for none. Unset: ~/.kube/kuberc
  KUBERNETES_MASTER    the server, if no kubeconfig names one
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                       how to get there, if neither kubeconfig nor --proxy-url says
  KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT
                       set in a pod: its service account is used if there is no other
                       configuration

What differs from kubectl:
  - No configuration is an error, not a call to http://localhost:8080.
  - Nobody is asked for a user name and a password.
  - A request that is answered 401 is sent once more if a fresh credential is to be had.
  - --request-timeout holds for the login plugin too.
  - A kuberc that is broken and may forbid plugins lets none run.
  - --token goes before a tokenFile of the kubeconfig.
  - The server's path is a prefix of PATH; kubectl get --raw leaves it out. PATH itself goes out
    as it is written; kubectl decodes it, sorts the query and adds --request-timeout to it.
    Redirects are not followed.
  - A server certificate for *.name, with a single label after the star, is not believed.
  - -v takes no level.";

pub(crate) const GET: &str = "\
Examples:
  kubecred get /version
  kubecred get '/api/v1/pods?limit=5' --context prod
  kubecred get /readyz -s https://10.0.0.1:6443 --certificate-authority ca.crt --request-timeout 5s

The answer's body goes to standard output as it is, everything else to standard error. Sends what
kubectl get --raw sends, but for User-Agent and the headers Kubectl-Command and Kubectl-Session.

Exit codes: 0 a status of 200 to 299; 1 the server said no; 2 usage; 3 configuration; 4 credential;
5 network; 6 time is up; 7 output; 130 interrupted. kubecred --help has the environment variables.";

pub(crate) const CREDENTIAL: &str = "\
Examples:
  kubecred credential
  curl -H \"Authorization: Bearer $(kubecred credential -o token)\" https://10.0.0.1:6443/version
  kubectl config set-credentials shared --exec-api-version=client.authentication.k8s.io/v1 \\
    --exec-command=kubecred --exec-interactive-mode=IfAvailable \\
    --exec-arg=credential --exec-arg=--kubeconfig=/etc/login.kubeconfig

Whatever the kubeconfig says, a token, a token file, a client certificate, a plugin, comes out in
one form: an ExecCredential of client.authentication.k8s.io/v1. So it can itself be the plugin of
another kubeconfig; then KUBERNETES_EXEC_INFO, which kubectl sets, says the version to print, and
whether there is a person to talk to.

A user name with a password has no such form and is refused. Impersonation is not part of it.

Exit codes: 0 done; 2 usage; 3 configuration; 4 credential; 6 time is up; 7 output; 130 interrupted.
kubecred --help has the environment variables.";

pub(crate) const CONFIG: &str = "\
Examples:
  kubecred config use-context prod
  kubecred config set-context --current --namespace web
  kubecred config set-credentials ann --token \"$(cat token)\" --kubeconfig staging.yaml
  kubecred config explain --context prod
  kubecred config view --minify

Words, output and rules are those of kubectl config: --kubeconfig names one file and no other;
without it the files in KUBECONFIG count, or else ~/.kube/config. A change goes to the file where
the entry stands, and a new entry to the first of the files that is there.

What differs from kubectl:
  - A file is replaced as a whole: whenever it is read, or whatever is killed, it is the old one or
    the new one.
  - Comments, order, and fields that nobody knows stay.
  - Somebody else's lock (FILE.lock) is waited for, five seconds at most; one that was left behind
    is reported with its age and whose it is.
  - Files are read after they are locked, so that of two changes at the same time none is lost.
  - view shows no secret without --raw, --flatten or not, and has the forms yaml and json only.
  - explain is not there at all.

Exit codes: 0 done; 2 usage; 3 configuration; 7 output; 130 interrupted.";

pub(crate) const DELETE_CLUSTER: &str = "\
Examples:
  kubecred config delete-cluster staging

Contexts that name it stay as they are.

Exit codes: 0 done; 2 usage; 3 no such cluster, or the file cannot be changed; 7 output.";

pub(crate) const DELETE_CONTEXT: &str = "\
Examples:
  kubecred config delete-context staging

Its cluster and its user stay. If it was the current context, current-context still has its name;
this is said on standard error.

Exit codes: 0 done; 2 usage; 3 no such context, or the file cannot be changed; 7 output.";

pub(crate) const DELETE_USER: &str = "\
Examples:
  kubecred config delete-user ann

Contexts that name the user stay as they are.

Exit codes: 0 done; 2 usage; 3 no such user, or the file cannot be changed; 7 output.";

pub(crate) const RENAME_CONTEXT: &str = "\
Examples:
  kubecred config rename-context arn:aws:eks:eu-west-1:123456789012:cluster/prod prod

If it is the current context, it stays that.

Exit codes: 0 done; 2 usage; 3 no such context, the new name is taken, or the file cannot be
changed; 7 output.";

pub(crate) const SET: &str = "\
Examples:
  kubecred config set clusters.dev.server https://10.0.0.1:6443
  kubecred config set contexts.dev.namespace web
  kubecred config set users.ann.client-key-data \"$(base64 -w0 client.key)\"

A name may have dots in it; it ends before the first part that is a field. Fields:
  clusters  server, tls-server-name, insecure-skip-tls-verify, certificate-authority,
            certificate-authority-data, proxy-url, disable-compression
  contexts  cluster, user, namespace
  users     token, tokenFile, username, password, client-certificate, client-certificate-data,
            client-key, client-key-data, act-as, act-as-uid

A path is written as it is given. An entry that is not there is made.

Exit codes: 0 done; 2 usage; 3 no such property, not a value for it, or the file cannot be changed;
7 output.";

pub(crate) const SET_CLUSTER: &str = "\
Examples:
  kubecred config set-cluster dev --server https://10.0.0.1:6443
  kubecred config set-cluster dev --certificate-authority ca.crt --embed-certs
  kubecred config set-cluster dev --proxy-url socks5://127.0.0.1:1080

What is not said stays, but --server takes a tls-server-name out, --certificate-authority takes
insecure-skip-tls-verify out, and the other way round. An empty value takes a field out.

Exit codes: 0 done; 2 usage; 3 the file cannot be changed; 7 output.";

pub(crate) const SET_CONTEXT: &str = "\
Examples:
  kubecred config set-context dev --cluster dev --user ann
  kubecred config set-context --current --namespace web

What is not said stays. An empty value takes a field out.

Exit codes: 0 done; 2 usage; 3 no current context, or the file cannot be changed; 7 output.";

pub(crate) const SET_CREDENTIALS: &str = "\
Examples:
  kubecred config set-credentials ann --client-certificate ann.crt --client-key ann.key
  kubecred config set-credentials ann --token \"$(cat token)\"
  kubecred config set-credentials ann --exec-command aws --exec-arg eks,get-token \\
    --exec-api-version client.authentication.k8s.io/v1 --exec-interactive-mode Never
  kubecred config set-credentials ann --auth-provider oidc --auth-provider-arg client-id=app

What is not said stays, but a token takes user name and password out, and the other way round. An
empty value takes a field out.

Exit codes: 0 done; 2 usage; 3 these do not go together, a file to embed cannot be read, or the
kubeconfig cannot be changed; 7 output.";

pub(crate) const UNSET: &str = "\
Examples:
  kubecred config unset current-context
  kubecred config unset contexts.dev.namespace
  kubecred config unset users.ann.exec
  kubecred config unset users.ann

Properties are those of kubecred config set, and auth-provider, exec, extensions, act-as-groups and
act-as-user-extra as a whole. That there is no such entry is said on standard error, and no error.

Exit codes: 0 done; 2 usage; 3 no such property, or the file cannot be changed; 7 output.";

pub(crate) const USE_CONTEXT: &str = "\
Examples:
  kubecred config use-context prod
  kubecred config use prod --kubeconfig staging.yaml

Sets current-context, in the first of the files that is there.

Exit codes: 0 done; 2 usage; 3 no such context, or the file cannot be changed; 7 output.";

pub(crate) const CURRENT_CONTEXT: &str = "\
Examples:
  kubecred config current-context
  kubecred config use-context \"$(kubecred config current-context --kubeconfig staging.yaml)\"

Exit codes: 0 done; 2 usage; 3 it is not set, or a kubeconfig is broken; 7 output.";

pub(crate) const VIEW: &str = "\
Examples:
  kubecred config view
  kubecred config view --minify --context prod
  kubecred config view --raw --flatten --minify > portable.kubeconfig

Without --raw nothing secret is shown, not even what kubectl shows: plugin arguments and variables,
user names, auth-provider settings, extensions, passwords in URLs, and anything that --flatten
takes in. Lists and current-context are there even if they are empty.

Exit codes: 0 done; 2 usage; 3 a kubeconfig or a file in it is missing or broken; 7 output.";

pub(crate) const GET_CONTEXTS: &str = "\
Examples:
  kubecred config get-contexts
  kubecred config get-contexts prod
  kubecred config get-contexts -o name

Exit codes: 0 done; 2 usage; 3 a context is not there, or a kubeconfig is broken; 7 output.";

pub(crate) const GET_ENTRIES: &str = "\
Exit codes: 0 done; 2 usage; 3 a kubeconfig is broken; 7 output.";

pub(crate) const EXPLAIN: &str = "\
Examples:
  kubecred config explain
  kubecred config explain --context prod --token xyz
  kubecred config explain --strict -o json | jq '.lints[] | select(.severity != \"note\")'

Says which files were looked for, what each setting is, where it stands and what it masks, which
credential goes out, which ones do not, and why. Files are read and the plugin is looked up, but
nothing is run and nothing is sent: whether the server takes the credential is for kubecred get to
say. When tokens end is what they say themselves; nobody verifies it here. No secret is shown.

-o json prints one object: kind Explanation, apiVersion explain.kubecred/v1, with the lists
settings, credentials and lints. Fields may be added to a version; none goes. The codes of lints
stay.

Exit codes: 0 nothing is wrong, or only notes and warnings; 1 a warning, with --strict; 2 usage;
3 an error: no request could be made with this; 7 output.";

pub(crate) const DEMO: &str = "\
Examples:
  kubecred demo
  kubecred demo --seconds 60 --workers 200
  kubecred demo --json | jq .logins

Starts an API server with TLS on loopback, writes a kubeconfig for it into a temporary folder, and
sends requests under load with three logins: an exec plugin whose tokens live for three seconds,
client certificate files, and a token file. Meanwhile the server refuses a token, the plugin fails
once, and certificate and token are replaced on disk. Nothing else is needed, and nothing is left
behind.

Exit codes: 0 not one request failed, and everything planned has happened; 1 otherwise; 2 usage;
7 output; 130 interrupted.";
