//! kubecred on tokio.
