//! The import that an embedder may provide, generated from `wit/commands.wit`.

wit_bindgen::generate!({ path: "wit", world: "with-commands" });
