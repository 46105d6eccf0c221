//! Makes a component of a core module: `kubecred-componentize MODULE COMPONENT MOST`. Fails if the
//! component would import anything, or would be larger than `MOST` bytes. Part of `wasm/build`.

use std::error::Error;
use std::process::ExitCode;
use wit_component::{ComponentEncoder, DecodedWasm};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, component, most] = arguments.as_slice() else {
        eprintln!("usage: kubecred-componentize MODULE COMPONENT MOST");
        return ExitCode::from(2);
    };
    match run(module, component, most) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(module: &str, component: &str, most: &str) -> Result<(), Box<dyn Error>> {
    let most: usize = most.parse()?;
    let bytes =
        ComponentEncoder::default().validate(true).module(&std::fs::read(module)?)?.encode()?;
    let imports = imports(&bytes)?;
    if !imports.is_empty() {
        return Err(format!("the component imports {}", imports.join(", ")).into());
    }
    if bytes.len() > most {
        return Err(format!("the component has {} bytes, {most} are allowed", bytes.len()).into());
    }
    std::fs::write(component, &bytes)?;
    Ok(())
}

fn imports(component: &[u8]) -> Result<Vec<String>, Box<dyn Error>> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        return Err("this is no component".into());
    };
    let imports = resolve.worlds[world].imports.keys();
    Ok(imports.map(|key| resolve.name_world_key(key)).collect())
}
