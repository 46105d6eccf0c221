//! `set-credentials`.

use crate::beside::agree;

#[test]
fn kb_5_what_set_credentials_refuses() {
    agree(&[
        "set-credentials",
        "set-credentials ''",
        "set-credentials u b",
        "set-credentials u --token=t --username=n",
        "set-credentials u --token=t --password=p",
        "set-credentials u --embed-certs",
        "set-credentials u --client-certificate= --client-key= --embed-certs",
        "set-credentials u --client-key=none.pem --embed-certs",
        "set-credentials u --client-certificate=none.pem --embed-certs=true",
        "set-credentials u --client-certificate=cert.pem --embed-certs=maybe",
        "set-credentials x --exec-interactive-mode=always",
        "set-credentials x --exec-interactive-mode=",
        "set-credentials u --exec-interactive-mode=Sometimes",
        "set-credentials x --exec-provide-cluster-info=maybe",
        "set-credentials u --bogus",
    ]);
}

#[test]
fn kb_6_token_and_password_clear_each_other_and_file_and_data_too() {
    agree(&[
        "set-credentials u --token=new",
        "set-credentials u --token=",
        "set-credentials b --token=new",
        "set-credentials b --token=",
        "set-credentials x --token=new",
        "set-credentials p --token=new",
        "set-credentials u --username=n",
        "set-credentials u --password=p",
        "set-credentials u --username=n --password=p",
        "set-credentials u --username= --password=",
        "set-credentials b --username=",
        "set-credentials u --token=t --username=",
        "set-credentials b --token=t --password=",
        "set-credentials new --token=0123",
        "set-credentials new",
        "set-credentials b --client-certificate=cert.pem",
        "set-credentials b --client-key=key.pem",
        "set-credentials b --client-key=/etc/key.pem",
        "set-credentials u --client-certificate=none.pem --client-key=../none.pem",
        "set-credentials b --client-certificate=cert.pem --embed-certs",
        "set-credentials b --client-certificate=cert.pem --client-key=key.pem --embed-certs=true",
        "set-credentials b --client-certificate= --client-key=key.pem --embed-certs",
        "set-credentials b --client-key=empty.pem --embed-certs",
        "--token=early set-credentials b",
    ]);
}

#[test]
fn kb_7_auth_providers() {
    agree(&[
        "set-credentials u --auth-provider=oidc",
        "set-credentials u --auth-provider=oidc --auth-provider-arg=a=b,c=d",
        "set-credentials u --auth-provider=oidc --auth-provider-arg=a=b --auth-provider-arg=c==d",
        "set-credentials u --auth-provider-arg=a=b",
        "set-credentials p --auth-provider-arg=a=b --auth-provider-arg=client-id-",
        "set-credentials p --auth-provider-arg=client-id=1,client-id-",
        "set-credentials p --auth-provider-arg=client-id-,client-id=2",
        "set-credentials p --auth-provider-arg=none-",
        "set-credentials p --auth-provider-arg=dotted.key=",
        "set-credentials p --auth-provider=oidc --auth-provider-arg=n=1",
        "set-credentials p --auth-provider=gcp",
        "set-credentials p --auth-provider=gcp --auth-provider-arg=n=1",
        "set-credentials p --auth-provider=",
        "set-credentials p --auth-provider-arg=bad",
        "set-credentials p --auth-provider-arg==bad",
        "set-credentials p --auth-provider-arg=-",
        "set-credentials p --auth-provider-arg=",
        r#"set-credentials p --auth-provider-arg="a=b,c=d""#,
        r#"set-credentials p --auth-provider-arg="a=""b""","c=d""#,
        r#"set-credentials p --auth-provider-arg=a="b"#,
    ]);
}

#[test]
fn kb_8_exec_plugins() {
    agree(&[
        "set-credentials u --exec-command=z",
        "set-credentials u --exec-command=z --exec-api-version=client.authentication.k8s.io/v1beta1",
        "set-credentials u --exec-command=z --exec-api-version=client.authentication.k8s.io/v1",
        "set-credentials u --exec-command=/usr/bin/z --exec-arg=a --exec-env=A=b",
        "set-credentials u --exec-command=bin/z",
        "set-credentials x --exec-command=other",
        "set-credentials x --exec-command=cmd",
        "set-credentials x --exec-command=other --exec-arg=new",
        "set-credentials x --exec-arg=p,q --exec-arg=r",
        "set-credentials x --exec-arg=--flag --exec-arg=-s",
        "set-credentials x --exec-arg -s",
        r#"set-credentials x --exec-arg="p,q""#,
        "set-credentials x --exec-arg=",
        "set-credentials x --exec-arg=,",
        "set-credentials x --exec-arg=a=b",
        "set-credentials x --exec-env=A=c --exec-env=N=1",
        "set-credentials x --exec-env=A=c,B=d",
        "set-credentials x --exec-env=A=",
        "set-credentials x --exec-env=A-",
        "set-credentials x --exec-env=A- --exec-env=Z-",
        "set-credentials x --exec-env=A- --exec-env=A=new",
        "set-credentials x --exec-env=NONE-",
        "set-credentials x --exec-env=A",
        "set-credentials u --exec-arg=z",
        "set-credentials u --exec-env=A=b --exec-interactive-mode=Never",
        "set-credentials x --exec-interactive-mode=Always",
        "set-credentials x --exec-provide-cluster-info",
        "set-credentials x --exec-provide-cluster-info=false",
        "set-credentials x --exec-api-version=",
        "set-credentials x --exec-api-version=client.authentication.k8s.io/v1beta1",
    ]);
}
