//! What `--help` teaches.

pub(crate) const ABOUT: &str =
    "Log in to a Kubernetes API server as kubectl does, and use the login or hand it on";

pub(crate) const PROGRAM: &str = "\
Examples:
  kubecred credential
  kubecred --user ann credential
  kubecred credential --context prod -o token

kubectl's flags, --context, --server, --token, --as and the rest, go before or after the command;
kubecred credential --help lists them.

Exit codes:
    0  done
    2  the command line is not to be understood
    3  no usable configuration: a kubeconfig is missing, broken or incomplete
    4  no credential: a login plugin failed, a token or key cannot be read
    6  it took longer than --request-timeout
    7  standard output cannot be written
  130  interrupted

Environment:
  KUBECONFIG           kubeconfig files, separated by a colon (a semicolon on Windows); of
                       entries with one name the first counts. Unset: ~/.kube/config
  KUBERNETES_MASTER    the server, if no kubeconfig names one
  KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT
                       set in a pod: its service account is used if there is no other
                       configuration

What differs from kubectl:
  - No configuration is an error, not a call to http://localhost:8080.
  - Nobody is asked for a user name and a password.
  - --request-timeout holds for the login plugin too.
  - --token goes before a tokenFile of the kubeconfig.
  - -v takes no level.";

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
