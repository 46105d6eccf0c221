//! Generated from `wasm/wit`.

wasmtime::component::bindgen!({ path: "../../wasm/wit", world: "kubecred" });
