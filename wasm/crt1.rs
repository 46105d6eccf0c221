//! What Debian's wasi-libc lacks for programs of WASI 0.2; it is of 2022.
//!
//! Its `_start` leaves the constructors to the linker, which then calls them in every export: in
//! `cabi_realloc`, too, where a component may call no import. And `cabi_realloc`, by which an embedder
//! asks for the memory that its answers go to, came to C libraries only later.
#![no_std]
#![crate_type = "lib"]

use core::ffi::c_void;

unsafe extern "C" {
    fn __wasm_call_ctors();
    fn __main_void() -> i32;
    fn __wasm_call_dtors();
    fn abort() -> !;
    fn exit(code: i32) -> !;
    fn realloc(old: *mut c_void, size: usize) -> *mut c_void;
}

/// What the embedder calls, once.
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() {
    // SAFETY: the linker and the C library make these functions, to be called in this order.
    unsafe {
        __wasm_call_ctors();
        let code = __main_void();
        __wasm_call_dtors();
        if code != 0 {
            exit(code)
        }
    }
}

/// Memory of the C library, from which Rust's is: whoever gets it may free it.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old: *mut c_void,
    _old_size: usize,
    align: usize,
    size: usize,
) -> *mut c_void {
    if size == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: `old` is null or came from here. What comes is aligned to 16, more than any type of a
    // component asks for.
    let new = unsafe { realloc(old, size) };
    if new.is_null() {
        // SAFETY: it does not return.
        unsafe { abort() }
    }
    new
}
