//! A connection in the words of the vectors: what is as it always is, is left out.

use kubecred_core::{
    Authorization, Exec, ExecCluster, InteractiveMode, Material, Profile, Proxy, Roots, Secret,
};
use serde_json::{Map, Value, json};

pub(crate) fn describe(profile: &Profile) -> Value {
    let cluster = &profile.cluster;
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        if !is_default(&value) {
            map.insert(name.to_owned(), value);
        }
    };
    put("server", json!(cluster.server));
    put("certificate-authority", roots(&cluster.roots));
    put("tls-server-name", json!(cluster.tls_server_name.as_deref().unwrap_or_default()));
    put("insecure-skip-tls-verify", json!(cluster.insecure_skip_tls_verify));
    put(
        "proxy-url",
        match &cluster.proxy {
            Proxy::Url(url) => json!(url),
            Proxy::Direct => json!("direct"),
            Proxy::Environment => Value::Null,
        },
    );
    put("disable-compression", json!(cluster.disable_compression));
    put(
        "namespace",
        match profile.namespace.name.as_str() {
            "default" => Value::Null,
            name => json!(name),
        },
    );
    match &profile.authentication.authorization {
        Authorization::Anonymous => {}
        Authorization::Basic { username, password } => {
            put("username", json!(username));
            put("password", text(password));
        }
        Authorization::Exec(plugin) => put("exec", exec(plugin)),
        Authorization::Oidc(oidc) => put(
            "oidc",
            json!({
                "issuer": oidc.issuer,
                "client-id": oidc.client_id,
                "client-secret": oidc.client_secret.as_ref().map(text),
                "id-token": oidc.id_token.as_ref().map(text),
                "refresh-token": oidc.refresh_token.as_ref().map(text),
                "certificate-authority": roots(&oidc.roots),
            }),
        ),
        Authorization::Token(token) => put("token", text(token)),
        Authorization::Provided(_) => unreachable!("no kubeconfig says so"),
        Authorization::TokenFile { path, fallback } => {
            put("token-file", json!(path));
            put("token", fallback.as_ref().map_or(Value::Null, |token| text(&token.0)));
        }
    }
    if let Some(pair) = &profile.authentication.certificate {
        put("client-certificate", material(&pair.certificate));
        put("client-key", material(&pair.key));
    }
    let who = &profile.authentication.impersonation;
    let extra: Map<_, _> =
        who.extra.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    put(
        "impersonate",
        squeeze(json!({
            "user": who.user, "uid": who.uid, "groups": who.groups, "extra": extra,
        })),
    );
    put("timeout", profile.timeout.map_or(Value::Null, |timeout| json!(timeout.as_secs_f64())));
    put("notices", profile.notices.iter().map(|notice| json!(notice.rule)).collect());
    squeeze(Value::Object(map))
}

fn exec(exec: &Exec) -> Value {
    let env = exec.env.iter().map(|v| json!({ "name": v.name, "value": text(&v.value) }));
    json!({
        "command": exec.command,
        "args": exec.args,
        "env": env.collect::<Vec<_>>(),
        "api-version": exec.api_version.as_str(),
        "install-hint": exec.install_hint,
        "interactive-mode": match exec.interactive_mode {
            InteractiveMode::Always => "Always",
            InteractiveMode::IfAvailable => "IfAvailable",
            InteractiveMode::Never => "Never",
        },
        "cluster": exec.cluster.as_ref().map(exec_cluster),
    })
}

fn exec_cluster(cluster: &ExecCluster) -> Value {
    json!({
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority": roots(&cluster.certificate_authority),
        "proxy-url": cluster.proxy_url,
        "disable-compression": cluster.disable_compression,
        "config": cluster.config,
    })
}

fn roots(roots: &Roots) -> Value {
    match roots {
        Roots::File(path) => json!({ "file": path }),
        Roots::Pem(pem) => json!({ "pem": text(pem) }),
        Roots::System => Value::Null,
    }
}

fn material(material: &Material) -> Value {
    match material {
        Material::Data(pem) => json!({ "pem": text(pem) }),
        Material::File(path) => json!({ "file": path }),
    }
}

pub(crate) fn text(secret: &Secret) -> Value {
    json!(secret.expose_str().expect("vectors are text"))
}

/// Without what says nothing, at any depth.
pub(crate) fn squeeze(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map = map.into_iter().map(|(name, value)| (name, squeeze(value)));
            map.filter(|(_, value)| !is_default(value)).collect()
        }
        other => other,
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(_) => false,
    }
}
