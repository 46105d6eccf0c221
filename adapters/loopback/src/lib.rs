//! A Kubernetes API server on loopback.
