//! The component, compiled once for all tests of a process.

use crate::bindings::{Kubecred, KubecredPre};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, ResourceLimiter, Store};

/// One instance, with a memory of its own.
pub struct Instance {
    pub(crate) store: Store<Meter>,
    pub(crate) exports: Kubecred,
}

/// How much memory an instance has.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) memory: usize,
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.memory = desired;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// The file that `wasm/build` makes.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm/kubecred.wasm")
}

/// The component, compiled.
///
/// # Panics
/// If it has not been built.
pub fn component() -> &'static Component {
    static COMPILED: OnceLock<Component> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let mut config = Config::new();
        // A thousand memories fit any address space then; one that grows may have to move.
        config.memory_reservation(0).memory_reservation_for_growth(1 << 20);
        let engine = Engine::new(&config).expect("this machine can run WebAssembly");
        let bytes = std::fs::read(path());
        let bytes = bytes.expect("target/wasm/kubecred.wasm is there: run wasm/build first");
        Component::from_binary(&engine, &bytes).expect("it is a component")
    })
}

/// An instance that can reach nothing: there is not even a host function to link.
///
/// # Panics
/// If the component wants one.
pub fn instantiate() -> Instance {
    static READY: OnceLock<KubecredPre<Meter>> = OnceLock::new();
    let ready = READY.get_or_init(|| {
        let component = component();
        let linker = Linker::new(component.engine());
        let ready = linker.instantiate_pre(component).expect("it imports nothing");
        KubecredPre::new(ready).expect("it exports the world")
    });
    let mut store = Store::new(component().engine(), Meter::default());
    store.limiter(|meter| meter);
    let exports = ready.instantiate(&mut store).expect("there is memory");
    Instance { store, exports }
}
