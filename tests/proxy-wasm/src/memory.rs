//! Bytes across the boundary of a module.

use crate::interpreted::Thread;
use wasmi::{Caller, Memory};

/// The module's memory.
fn memory(caller: &Caller<'_, Thread>) -> Memory {
    let memory = caller.get_export("memory").and_then(wasmi::Extern::into_memory);
    memory.expect("a module exports its memory")
}

pub(crate) fn bytes(caller: &Caller<'_, Thread>, at: i32, size: i32) -> Vec<u8> {
    let (at, size) = (at as u32 as usize, size as u32 as usize);
    memory(caller).data(caller)[at..at + size].to_vec()
}

pub(crate) fn text(caller: &Caller<'_, Thread>, at: i32, size: i32) -> String {
    String::from_utf8(bytes(caller, at, size)).expect("text")
}

pub(crate) fn put(caller: &mut Caller<'_, Thread>, at: i32, bytes: &[u8]) {
    let memory = memory(caller);
    memory.write(caller, at as u32 as usize, bytes).expect("a place in the module's memory");
}

/// Hands bytes over in memory that the module gives for it, and writes where they are.
pub(crate) fn give(caller: &mut Caller<'_, Thread>, bytes: &[u8], at: i32, size: i32) {
    let export = |name| caller.get_export(name).and_then(wasmi::Extern::into_func);
    let allocate = export("proxy_on_memory_allocate").or_else(|| export("malloc"));
    let allocate = allocate.expect("a plugin allocates").typed::<i32, i32>(&*caller);
    let place = allocate.expect("a size to an address").call(&mut *caller, bytes.len() as i32);
    let place = place.expect("there is memory");
    put(caller, place, bytes);
    put(caller, at, &place.to_le_bytes());
    put(caller, size, &(bytes.len() as i32).to_le_bytes());
}

/// Names and values as the interface writes them: how many, the sizes of each, and each with a
/// zero byte behind it.
pub(crate) fn written(pairs: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = (pairs.len() as u32).to_le_bytes().to_vec();
    for (name, value) in pairs {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    for (name, value) in pairs {
        bytes.extend(name.as_bytes());
        bytes.push(0);
        bytes.extend(value);
        bytes.push(0);
    }
    bytes
}

/// The reverse, for headers that are text.
pub(crate) fn read(bytes: &[u8]) -> Vec<(String, String)> {
    let number =
        |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let count = number(0);
    let mut at = 4 + 8 * count;
    let mut pairs = Vec::new();
    for index in 0..count {
        let mut next = |size: usize| {
            let text = String::from_utf8(bytes[at..at + size].to_vec()).expect("text");
            at += size + 1;
            text
        };
        let name = next(number(4 + 8 * index));
        pairs.push((name, next(number(8 + 8 * index))));
    }
    pairs
}
