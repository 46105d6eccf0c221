//! Envoy's configuration: one listener, the filter, the API server, and an issuer.

use kubecred_loopback::ApiServer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;

/// Where in Envoy the filter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "Envoy has two")]
pub enum Place {
    /// Among the listener's filters: a request passes it once.
    #[default]
    Listener,
    /// Among the upstream cluster's: each attempt of a request passes it, so that Envoy may try
    /// again after a 401.
    Cluster,
}

/// What is to be tested.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "struct update from a default is how one is made")]
pub struct Setup {
    /// The plugin's configuration.
    pub plugin: String,
    /// The API server's address and authority, as PEM.
    pub upstream: (SocketAddr, String),
    /// The same of an issuer, if there is one.
    pub issuer: Option<(SocketAddr, String)>,
    /// Worker threads.
    pub workers: u32,
    /// What runs the filter.
    pub runtime: &'static str,
    /// Where the filter is.
    pub place: Place,
}

impl Setup {
    /// One worker with V8, and this plugin configuration.
    pub fn new(plugin: &Value, upstream: &ApiServer) -> Self {
        Self {
            plugin: plugin.to_string(),
            upstream: (upstream.address(), upstream.authority().certificate_pem().to_owned()),
            issuer: None,
            workers: 1,
            runtime: "v8",
            place: Place::Listener,
        }
    }

    /// What Envoy reads.
    pub(crate) fn to_json(&self, filter: &Path) -> Value {
        let mut upstream = cluster("upstream", &self.upstream, "localhost");
        let mut filters = Vec::new();
        let mut route = json!({ "cluster": "upstream", "timeout": "30s" });
        match self.place {
            Place::Listener => filters.push(self.plugin(filter)),
            Place::Cluster => {
                upstream["typed_extension_protocol_options"] = self.of_upstream(filter);
                route["retry_policy"] = json!({
                    "retry_on": "retriable-status-codes",
                    "retriable_status_codes": [401],
                    "num_retries": 1,
                });
            }
        }
        filters.push(typed("envoy.filters.http.router", ROUTER, json!({})));
        let manager = json!({
            "stat_prefix": "ingress",
            "route_config": { "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "routes": [{ "match": { "prefix": "/" }, "route": route }],
            }] },
            "http_filters": filters,
        });
        let manager =
            typed("envoy.filters.network.http_connection_manager", CONNECTION_MANAGER, manager);
        let mut clusters = vec![upstream];
        clusters.extend(self.issuer.as_ref().map(|at| cluster("issuer", at, "id.example")));
        json!({
            "admin": { "address": address(([127, 0, 0, 1], 0).into()) },
            "static_resources": {
                "listeners": [{
                    "name": "ingress",
                    "address": address(([127, 0, 0, 1], 0).into()),
                    "filter_chains": [{ "filters": [manager] }],
                }],
                "clusters": clusters,
            },
        })
    }

    fn plugin(&self, filter: &Path) -> Value {
        let config = json!({ "config": {
            "name": "kubecred",
            "vm_config": {
                "vm_id": "kubecred",
                "runtime": format!("envoy.wasm.runtime.{}", self.runtime),
                "code": { "local": { "filename": filter } },
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": self.plugin,
            },
        } });
        typed("kubecred", "envoy.extensions.filters.http.wasm.v3.Wasm", config)
    }

    fn of_upstream(&self, filter: &Path) -> Value {
        let codec = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";
        json!({ "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": { "http_protocol_options": {} },
            "http_filters": [
                self.plugin(filter),
                typed("envoy.filters.http.upstream_codec", codec, json!({})),
            ],
        } })
    }
}

const ROUTER: &str = "envoy.extensions.filters.http.router.v3.Router";
const CONNECTION_MANAGER: &str =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

fn typed(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/{kind}").into();
    json!({ "name": name, "typed_config": config })
}

fn address(at: SocketAddr) -> Value {
    json!({ "socket_address": { "address": at.ip().to_string(), "port_value": at.port() } })
}

/// Envoy makes the connections: it trusts the server's authority, and asks for it by name.
fn cluster(name: &str, (at, authority): &(SocketAddr, String), server_name: &str) -> Value {
    let tls = json!({
        "sni": server_name,
        "common_tls_context": { "validation_context": {
            "trusted_ca": { "inline_string": authority },
            "match_typed_subject_alt_names": [
                { "san_type": "DNS", "matcher": { "exact": server_name } },
            ],
        } },
    });
    let kind = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": [
            { "lb_endpoints": [{ "endpoint": { "address": address(*at) } }] },
        ] },
        "transport_socket": typed("envoy.transport_sockets.tls", kind, tls),
    })
}
